using System.IO.Hashing;
using FinIntent.Files;

namespace FinIntent.Checkpoints;

/// <summary>Tells whether two folders hold the same weights, whatever their sharding, format or name, without reading them whole.</summary>
/// <remarks>It hashes every tensor's name, type and shape, and the bytes at its two ends.</remarks>
static class ModelFingerprint
{
    const int EndBytes = 4096;

    /// <summary>Returns 32 hexadecimal digits.</summary>
    public static string Of(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return Of(checkpoint);
    }

    public static string Of(Checkpoint checkpoint)
    {
        var hash = new XxHash128();
        var buffer = new byte[EndBytes];
        foreach (var (name, stored) in checkpoint.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes($"{name} {ElementTypes.NameOf(stored.Type)} {string.Join(',', stored.Shape)}\n"));
            var count = (int)Math.Min(EndBytes, stored.Length);
            checkpoint.ReadBytes(name, 0, buffer.AsSpan(0, count));
            hash.Append(buffer.AsSpan(0, count));
            checkpoint.ReadBytes(name, stored.Length - count, buffer.AsSpan(0, count));
            hash.Append(buffer.AsSpan(0, count));
        }
        return FileFingerprint.Digits(hash);
    }
}
