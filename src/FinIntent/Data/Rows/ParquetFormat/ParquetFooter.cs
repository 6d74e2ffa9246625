using System.Buffers.Binary;

namespace FinIntent.Data.Rows.ParquetFormat;

/// <summary>Describes a part of a tree of columns.</summary>
/// <param name="Type">The number of the physical type; null where the element has others under it.</param>
sealed record ParquetElement(string Name, int? Type, int Repetition, int Children);

/// <summary>Says where a column of a row group stands, and what it is said to hold.</summary>
/// <param name="Path">The names from the root to the column, with dots between.</param>
sealed record ParquetChunk(string Path, int Type, int Codec, long Values, long Bytes, long FirstPage);

sealed record ParquetGroup(long Rows, IReadOnlyList<ParquetChunk> Chunks);

/// <summary>Reads what a Parquet file says of itself at its end, and refuses what cannot be, before a library allocates by it.</summary>
/// <remarks>https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift</remarks>
sealed class ParquetFooter
{
    const int Tail = 8, MostElements = 20_000, MostDepth = 32;

    readonly Func<string, UserErrorException> _error;

    ParquetFooter(long start, Func<string, UserErrorException> error) => (Start, _error) = (start, error);

    /// <summary>The place in the file where the description begins, and the columns end.</summary>
    public long Start { get; }
    public long Rows { get; private set; }
    public IReadOnlyList<ParquetElement> Elements { get; private set; } = [];
    public IReadOnlyList<ParquetGroup> Groups { get; private set; } = [];

    /// <param name="error">Makes an error of a message, which says what is wrong with the file.</param>
    /// <exception cref="UserErrorException">It is no Parquet file, or what it says of itself cannot be.</exception>
    public static ParquetFooter Read(Stream file, Func<string, UserErrorException> error)
    {
        Span<byte> tail = stackalloc byte[Tail];
        if (file.Length < Tail + 4) throw error($"it has {file.Length} bytes, fewer than any such file");
        Span<byte> head = stackalloc byte[4];
        file.Position = 0;
        file.ReadExactly(head);
        file.Position = file.Length - Tail;
        file.ReadExactly(tail);
        if (tail[4..].SequenceEqual("PARE"u8)) throw error("it is encrypted, which is not supported");
        if (!head.SequenceEqual("PAR1"u8) || !tail[4..].SequenceEqual("PAR1"u8))
            throw error("it does not begin and end with PAR1; was it cut while it was copied?");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (length > file.Length - Tail - 4 || length > int.MaxValue)
            throw error($"it says that its description has {length:N0} bytes, and the file has {file.Length:N0}");
        var footer = new ParquetFooter(file.Length - Tail - length, error);
        var bytes = new byte[length];
        file.Position = footer.Start;
        file.ReadExactly(bytes);
        var reader = new ThriftReader(bytes, error);
        if (reader.Check(ThriftShape.File) != bytes.Length) throw error("its description is shorter than it says");
        footer.ReadFile(reader);
        footer.Check();
        return footer;
    }

    void ReadFile(ThriftReader reader)
    {
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 2) Elements = reader.Items(() => Element(reader));
            else if (id == 3) Rows = reader.Integer(type);
            else if (id == 4) Groups = reader.Items(() => Group(reader));
            else if (id == 8) throw _error("it is encrypted, which is not supported");
            else reader.Skip(type);
        }
    }

    static ParquetElement Element(ThriftReader reader)
    {
        var (name, physical, repetition, children) = ("", (long?)null, 0L, 0L);
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1) physical = reader.Integer(type);
            else if (id == 3) repetition = reader.Integer(type);
            else if (id == 4) name = reader.Text();
            else if (id == 5) children = reader.Integer(type);
            else reader.Skip(type);
        }
        return new(name, (int?)physical, (int)repetition, (int)children);
    }

    ParquetGroup Group(ThriftReader reader)
    {
        var (rows, chunks) = (-1L, (IReadOnlyList<ParquetChunk>)[]);
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1) chunks = reader.Items(() => Chunk(reader));
            else if (id == 3) rows = reader.Integer(type);
            else reader.Skip(type);
        }
        return new(rows, chunks);
    }

    ParquetChunk Chunk(ThriftReader reader)
    {
        ParquetChunk? chunk = null;
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1 && reader.Text() is { Length: > 0 } other) throw _error($"its columns are in another file, {other}");
            if (id == 3) chunk = Content(reader);
            else if (id != 1) reader.Skip(type);
        }
        return chunk ?? throw _error("a column has no description");
    }

    static ParquetChunk Content(ThriftReader reader)
    {
        var (path, physical, codec, values, bytes, data, dictionary) = ("", -1L, -1L, -1L, -1L, 0L, 0L);
        for (var id = 0; reader.Next(ref id, out var type);)
        {
            if (id == 1) physical = reader.Integer(type);
            else if (id == 3) path = string.Join('.', reader.Items(reader.Text));
            else if (id == 4) codec = reader.Integer(type);
            else if (id == 5) values = reader.Integer(type);
            else if (id == 7) bytes = reader.Integer(type);
            else if (id == 9) data = reader.Integer(type);
            else if (id == 11) dictionary = reader.Integer(type);
            else reader.Skip(type);
        }
        // As Parquet.Net does: the first of the two that is given, since neither alone is reliable.
        var first = dictionary == 0 ? data : data == 0 ? dictionary : Math.Min(data, dictionary);
        return new(path, (int)physical, (int)codec, values, bytes, first);
    }

    void Check()
    {
        if (Elements.Count is 0 or > MostElements) throw _error(Elements.Count == 0 ? "it names no columns" : "it names too many columns");
        var leaves = Leaves();
        foreach (var name in leaves.CountBy(leaf => leaf.Path).Where(name => name.Value > 1))
            throw _error($"{name.Value} columns are called \"{name.Key}\"; give each its own name");
        if (Rows < 0 || Groups.Any(group => group.Rows < 0)) throw _error("its number of rows is negative or missing");
        if (Groups.Sum(group => (decimal)group.Rows) != Rows)
            throw _error($"it says that it has {Rows:N0} rows, and its row groups have {Groups.Sum(group => (decimal)group.Rows):N0}");
        foreach (var (i, group) in Groups.Index()) CheckGroup(i, group, leaves);
    }

    void CheckGroup(int number, ParquetGroup group, List<(string Path, bool Repeats)> leaves)
    {
        if (group.Chunks.Count != leaves.Count)
            throw _error($"row group {number + 1} has {group.Chunks.Count} columns, and the file names {leaves.Count}");
        foreach (var (chunk, leaf) in group.Chunks.Zip(leaves))
        {
            var place = $"row group {number + 1}, column \"{leaf.Path}\"";
            if (chunk.Path != leaf.Path) throw _error($"{place}: it is called \"{chunk.Path}\" there");
            if (chunk.Codec is < 0 or > 7) throw _error($"{place}: there is no compression with the number {chunk.Codec}");
            if (chunk.Codec == 3) throw _error($"{place}: its compression, LZO, is not read; write it with Snappy, gzip or Zstandard");
            if (leaf.Repeats ? chunk.Values < group.Rows : chunk.Values != group.Rows)
                throw _error($"{place}: it has {chunk.Values:N0} values for {group.Rows:N0} rows");
            if (chunk.Bytes < 0 || chunk.FirstPage < 4 || chunk.FirstPage > Start - chunk.Bytes)
                throw _error($"{place}: its {chunk.Bytes:N0} bytes from {chunk.FirstPage:N0} on are not all in the file");
        }
        ParquetLimits.CheckValues(group, number, _error);
    }

    /// <summary>Lists the columns with values in the order of the tree, which is written as each element before its children.</summary>
    List<(string Path, bool Repeats)> Leaves()
    {
        List<(string, bool)> leaves = [];
        Stack<(string Path, bool Repeats, int Left)> open = [];
        if (Elements[0] is not { Type: null, Children: >= 0 } root) throw _error("its columns have no root");
        open.Push(("", false, root.Children));
        foreach (var element in Elements.Skip(1))
        {
            while (open.Count > 0 && open.Peek().Left == 0) open.Pop();
            if (open.Count is 0 or > MostDepth) throw _error("its columns are no tree, or a very deep one");
            var (path, repeats, left) = open.Pop();
            open.Push((path, repeats, left - 1));
            (path, repeats) = (path.Length == 0 ? element.Name : $"{path}.{element.Name}", repeats || element.Repetition == 2);
            if (element.Children < 0 || (element.Children > 0) == element.Type.HasValue)
                throw _error($"column \"{path}\" has both a type and parts, or neither");
            if (element.Type is null) open.Push((path, repeats, element.Children));
            else leaves.Add((path, repeats));
        }
        return open.All(part => part.Left == 0) ? leaves : throw _error("parts of its columns are missing");
    }
}
