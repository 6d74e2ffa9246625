using Parquet.Schema;

namespace FinIntent.Data.Tables;

/// <summary>Tells which kind a column of a Parquet file has here, and makes columns of each kind.</summary>
static class ParquetKinds
{
    // A double tells as many digits apart.
    const int DigitsOfDouble = 15;

    public static ColumnKind Of(Field field) => field switch
    {
        DataField { IsArray: true } list => IsText(list) ? ColumnKind.Texts : ColumnKind.Json,
        ListField { Item: DataField { IsArray: false } item } when IsText(item) => ColumnKind.Texts,
        DecimalDataField number => number.Precision <= DigitsOfDouble ? ColumnKind.Number : ColumnKind.Json,
        DataField data => Of(data.ClrType),
        _ => ColumnKind.Json,
    };

    static bool IsText(DataField field) => field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>);

    static ColumnKind Of(Type type)
    {
        if (type == typeof(bool)) return ColumnKind.Boolean;
        if (type == typeof(float) || type == typeof(double)) return ColumnKind.Number;
        if (type == typeof(ulong)) return ColumnKind.Json;
        return type.IsPrimitive && type != typeof(char) ? ColumnKind.Integer : ColumnKind.Text;
    }

    public static Field FieldFor(TableColumn column) => column.Kind switch
    {
        ColumnKind.Integer => new DataField<long?>(column.Name),
        ColumnKind.Number => new DataField<double?>(column.Name),
        ColumnKind.Boolean => new DataField<bool?>(column.Name),
        ColumnKind.Texts => new ListField(column.Name, new DataField<string>(ListField.ElementName)),
        _ => new DataField<string>(column.Name),
    };
}
