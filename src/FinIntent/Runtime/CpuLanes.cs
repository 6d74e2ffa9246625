using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FinIntent.Runtime;

/// <summary>An implementation reads sixteen numbers of a tensor as fp32 lanes, whatever type they are stored in.</summary>
unsafe interface ILanes
{
    static abstract int ElementBytes { get; }
    static abstract Vector512<float> Load(byte* p);
    static abstract void Store(byte* p, Vector512<float> value);

    /// <summary>Returns the value that a store and a load after it would give.</summary>
    static abstract Vector512<float> Round(Vector512<float> value);
}

readonly unsafe struct Float32Lanes : ILanes
{
    public static int ElementBytes => 4;

    public static Vector512<float> Load(byte* p) => Vector512.Load((float*)p);

    public static void Store(byte* p, Vector512<float> value) => Vector512.Store(value, (float*)p);

    public static Vector512<float> Round(Vector512<float> value) => value;
}

/// <summary>bfloat16 is the upper half of an fp32; values are rounded to nearest even, as libtorch does.</summary>
readonly unsafe struct BFloat16Lanes : ILanes
{
    public static int ElementBytes => 2;

    public static Vector512<float> Load(byte* p) => (Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)p)) << 16).AsSingle();

    public static void Store(byte* p, Vector512<float> value) =>
        Vector256.Store(Avx512F.ConvertToVector256UInt16(Rounded(value) >> 16), (ushort*)p);

    public static Vector512<float> Round(Vector512<float> value) =>
        (Rounded(value) & Vector512.Create(0xFFFF0000u)).AsSingle();

    static Vector512<uint> Rounded(Vector512<float> value)
    {
        var bits = value.AsUInt32();
        return bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One);
    }
}
