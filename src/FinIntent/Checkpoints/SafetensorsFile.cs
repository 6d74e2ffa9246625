using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace FinIntent.Checkpoints;

/// <summary>Reads a safetensors file and checks it as a whole on opening. https://huggingface.co/docs/safetensors</summary>
/// <remarks>The file is 8 bytes of header length, a JSON header, then the tensors' bytes without holes.</remarks>
sealed class SafetensorsFile : TensorFile
{
    internal const long MaxHeaderBytes = 100_000_000;

    SafetensorsFile(string path, FileStream stream, MemoryMappedFile map, SafetensorsHeader header)
        : base(path, stream, map, header.Tensors) => Metadata = header.Metadata;

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="UserErrorException">The file is missing or malformed: the message has the byte offset and the reason.</exception>
    public static SafetensorsFile Open(string path)
    {
        var (stream, map) = OpenMap(path);
        return map.OrDispose(() => new SafetensorsFile(path, stream, map, ReadHeader(path, stream)));
    }

    static SafetensorsHeader ReadHeader(string path, FileStream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < prefix.Length)
            throw Refuse(path, stream.Length, $"the file ends inside the 8 bytes of the header length; it has {stream.Length}");
        stream.ReadExactly(prefix);
        if (prefix.StartsWith(GgufFile.Magic)) throw new UserErrorException($"{path}: {GgufFile.Told(path)}");
        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes > MaxHeaderBytes)
            throw Refuse(path, 0, $"a header of {headerBytes} bytes is over the limit of {MaxHeaderBytes}; this is not a safetensors file");
        if ((long)headerBytes > stream.Length - prefix.Length)
            throw Refuse(path, stream.Length,
                $"truncated: the header needs {headerBytes} bytes, the file has {stream.Length - prefix.Length} after its length");
        var json = new byte[(int)headerBytes];
        stream.ReadExactly(json);
        return SafetensorsHeader.Parse(path, json, stream.Length);
    }

    internal static UserErrorException Refuse(string path, long offset, string reason) => new($"{path}: byte {offset}: {reason}");
}
