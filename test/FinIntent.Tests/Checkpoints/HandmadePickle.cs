using System.Buffers.Binary;
using System.Text;

namespace FinIntent.Tests.Checkpoints;

/// <summary>Assembles pickles instruction by instruction, as torch's or as no honest program would.</summary>
sealed class HandmadePickle
{
    readonly MemoryStream _bytes = new();

    public HandmadePickle() => Code(0x80, 2);

    public HandmadePickle Code(params byte[] codes)
    {
        _bytes.Write(codes);
        return this;
    }

    public HandmadePickle Code(string ascii) => Code(Encoding.ASCII.GetBytes(ascii));

    public HandmadePickle Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Code("X").Code(length).Code(utf8);
    }

    /// <summary>LONG1 with eight bytes.</summary>
    public HandmadePickle Number(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Code(0x8a, 8).Code(bytes);
    }

    public HandmadePickle Global(string module, string name) => Code($"c{module}\n{name}\n");

    public HandmadePickle Numbers(params long[] values)
    {
        Code("(");
        foreach (var value in values) Number(value);
        return Code("t");
    }

    /// <summary>_rebuild_tensor_v2((storage), offset, shape, strides, False, OrderedDict()).</summary>
    public HandmadePickle Tensor(string storage, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Code("((").Text("storage").Global("torch", storage).Text(key).Text("cpu")
            .Number(count).Code("tQ")
            .Number(offset).Numbers(shape).Numbers(strides).Code(0x89).Global("collections", "OrderedDict").Code(")RtR");

    public byte[] Bytes => _bytes.ToArray();

    public byte[] End() => Code(".").Bytes;

    /// <summary>A dictionary of the tensors that the steps add, each after its name.</summary>
    public static byte[] StateDict(params (string Name, Action<HandmadePickle> Value)[] entries)
    {
        var pickle = new HandmadePickle().Code("}(");
        foreach (var (name, value) in entries) value(pickle.Text(name));
        return pickle.Code("u").End();
    }
}
