using FinIntent.Data.Rows;
using Parquet;
using Parquet.Schema;

namespace FinIntent.Data.Tables;

/// <summary>Gathers a column of a row group.</summary>
abstract class ParquetColumn
{
    public static ParquetColumn For(ColumnKind kind, DataField field) => kind switch
    {
        ColumnKind.Integer => new Values<long>(field, WholeOf, cell => (long)cell.Number),
        ColumnKind.Number => new Values<double>(field, NumberOf, cell => cell.Number),
        ColumnKind.Boolean => new Values<bool>(field, FlagOf, cell => cell.Boolean),
        ColumnKind.Texts => new Lists(field),
        _ => new Words(field),
    };

    public abstract void AddNull();
    public abstract void Add(SourceRow row, JsonElement value);
    public abstract void Add(Cell cell);

    /// <summary>Writes what was gathered, and forgets it.</summary>
    public abstract Task WriteTo(ParquetRowGroupWriter group);

    static long? WholeOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var whole) ? whole : null;

    // JSON has no number for infinity and for what is no number, so the reader of Parquet names them.
    static double? NumberOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    static bool? FlagOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    sealed class Values<T>(DataField field, Func<JsonElement, T?> read, Func<Cell, T> take) : ParquetColumn where T : struct
    {
        readonly List<T?> _values = [];

        public override void AddNull() => _values.Add(null);

        public override void Add(SourceRow row, JsonElement value) => _values.Add(read(value)
            ?? throw row.Error($"column \"{field.Name}\" held other values when the file was looked at; did the file change?"));

        public override void Add(Cell cell) => _values.Add(take(cell));

        public override async Task WriteTo(ParquetRowGroupWriter group)
        {
            await group.WriteAsync<T>(field, _values.ToArray().AsMemory());
            _values.Clear();
        }
    }

    /// <summary>Texts, and whatever else as JSON text.</summary>
    sealed class Words(DataField field) : ParquetColumn
    {
        readonly List<string?> _values = [];

        public override void AddNull() => _values.Add(null);

        public override void Add(SourceRow row, JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                _values.Add(JsonBytes.TextOf(value));
                return;
            }
            var json = new System.Buffers.ArrayBufferWriter<byte>();
            JsonBytes.Copy(json, value);
            _values.Add(Encoding.UTF8.GetString(json.WrittenSpan));
        }

        public override void Add(Cell cell) => _values.Add(cell.Text);

        public override async Task WriteTo(ParquetRowGroupWriter group)
        {
            await group.WriteAsync(field, _values!);
            _values.Clear();
        }
    }

    /// <summary>Lists of texts. A level says for each text, and for each list without any, how much of it is there.</summary>
    sealed class Lists(DataField field) : ParquetColumn
    {
        const int NoList = 0, EmptyList = 1, Word = 3;

        readonly List<ReadOnlyMemory<char>> _values = [];
        readonly List<int> _definitions = [], _repetitions = [];

        public override void AddNull() => Add(NoList, 0);

        public override void Add(SourceRow row, JsonElement value) => Add([.. value.EnumerateArray().Select(JsonBytes.TextOf)]);

        public override void Add(Cell cell) => Add(cell.Texts);

        void Add(IReadOnlyList<string> texts)
        {
            if (texts.Count == 0) Add(EmptyList, 0);
            for (var i = 0; i < texts.Count; i++)
            {
                _values.Add(texts[i].AsMemory());
                Add(Word, i == 0 ? 0 : 1);
            }
        }

        void Add(int definition, int repetition)
        {
            _definitions.Add(definition);
            _repetitions.Add(repetition);
        }

        public override async Task WriteTo(ParquetRowGroupWriter group)
        {
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                field, _values.ToArray(), _definitions.ToArray(), _repetitions.ToArray(), CancellationToken.None);
            _values.Clear();
            _definitions.Clear();
            _repetitions.Clear();
        }
    }
}
