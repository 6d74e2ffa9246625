using FinIntent.Runtime;

namespace FinIntent.Checkpoints;

/// <summary>Says where a tensor lies in its file.</summary>
/// <param name="Shape">The sizes, outermost first; empty for a scalar.</param>
/// <param name="Strides">The steps in elements, as many as the sizes.</param>
/// <param name="Offset">The byte of the file at which the first element starts.</param>
/// <param name="Length">The bytes from the first element to the end of the last one.</param>
sealed record StoredTensor(ScalarType Type, IReadOnlyList<long> Shape, IReadOnlyList<long> Strides, long Offset, long Length)
{
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
    internal bool IsContiguous => Length == 0 || Strides.SequenceEqual(TensorMemory.ContiguousStrides(Shape.ToArray()));
}

/// <summary>Knows the element types of safetensors that torch has, by safetensors' names.</summary>
static class ElementTypes
{
    // TorchSharp's enumeration ends before these; its calls pass the number through. c10/core/ScalarType.h
    public const ScalarType Float8E5M2 = (ScalarType)23;
    public const ScalarType Float8E4M3 = (ScalarType)24;

    static readonly (string Name, ScalarType Type, int Bytes)[] All =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1), ("C64", ScalarType.ComplexFloat32, 8),
        ("F8_E4M3", Float8E4M3, 1), ("F8_E5M2", Float8E5M2, 1),
    ];

    public static string Known => string.Join(", ", All.Select(t => t.Name));

    public static ScalarType? Parse(string name) => All.Where(t => t.Name == name).Select(t => (ScalarType?)t.Type).FirstOrDefault();

    public static string NameOf(ScalarType type) => All.Where(t => t.Type == type).Select(t => t.Name).FirstOrDefault()
        ?? throw new NotSupportedException($"safetensors has no name for {type}");

    public static int BytesOf(ScalarType type) => All.First(t => t.Type == type).Bytes;
}
