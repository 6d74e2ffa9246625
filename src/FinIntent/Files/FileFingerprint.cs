using System.Buffers.Binary;
using System.IO.Hashing;

namespace FinIntent.Files;

/// <summary>A digest (XxHash128) that tells whether two files hold the same bytes. It is no protection against forgery.</summary>
static class FileFingerprint
{
    /// <summary>Reads the whole file.</summary>
    /// <returns>32 hexadecimal digits.</returns>
    /// <exception cref="UserErrorException">There is no such file.</exception>
    public static string Of(string path)
    {
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file");
        var hash = new XxHash128();
        using var stream = InputFile.Open(path);
        try
        {
            hash.Append(stream);
        }
        catch (IOException e)
        {
            throw InputFile.ErrorOf(e, path)!;
        }
        return Digits(hash);
    }

    /// <summary>The digest as 32 hexadecimal digits, most significant first.</summary>
    internal static string Digits(XxHash128 hash)
    {
        Span<byte> digest = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(digest, hash.GetCurrentHashAsUInt128());
        return Convert.ToHexStringLower(digest);
    }
}
