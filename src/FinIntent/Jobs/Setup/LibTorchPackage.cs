using System.Security.Cryptography;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Setup;

/// <summary>A package of libtorch, and what its bytes must be.</summary>
/// <param name="Rid">The system that it is for.</param>
/// <param name="Bytes">The length of the package's file.</param>
/// <param name="Sha512">The SHA-512 of the package's file in base64, as beside a restored package in its .nupkg.sha512.</param>
sealed record LibTorchPackage(string Rid, long Bytes, string Sha512)
{
    public string Id => $"libtorch-cpu-{Rid}";

    public string Version => LibTorchFolders.Version;

    public static IReadOnlyList<LibTorchPackage> All { get; } =
    [
        new("linux-x64", 128_200_806, "XjuaFwqqvwstyeUWyz/xtfhODesmagoPKO7T0VRmiW+r0pJwsXB/vHydA7it9xge36PSXW1qLyRRzvM3J8i9UA=="),
        new("win-x64", 79_854_046, "qvrEe8b8U1SPnsqShWgJ9gE/UfzFiq+QRPJdAegxwtEBgL/jZPQPvKAhqYkpEe5kb6AXCi840KDqvDaHQuAqEA=="),
        new("osx-arm64", 56_910_439, "njbW4NbjnO3UYsZymJA5EA8kvFQZveW2rVS07QinYOxxgs6hyZFTI82zBDt0ix1yRRCZ+v+fm+pHXG37WKjyhA=="),
    ];

    /// <exception cref="UserErrorException">There is none for this system.</exception>
    public static LibTorchPackage Here => All.FirstOrDefault(package => package.Rid == LibTorchFolders.Rid)
        ?? throw new UserErrorException($"there is no package of libtorch for {LibTorchFolders.Rid}, only for " +
            $"{string.Join(", ", All.Select(package => package.Rid))}; set {LibTorch.FolderVariable} to a folder that holds libtorch " +
            "2.10 or newer, such as a PyTorch install's torch/lib");

    /// <summary>Says how a file differs from the package; null: it is the package.</summary>
    public string? Difference(Stream file)
    {
        if (file.Length != Bytes) return $"{file.Length} bytes, {Bytes} are expected";
        file.Position = 0;
        var digest = Convert.ToBase64String(SHA512.HashData(file));
        return digest == Sha512 ? null : $"SHA-512 {digest}, {Sha512} is expected";
    }
}

/// <summary>A place that packages come from.</summary>
/// <param name="Name">What the user calls it: the source's address or folder.</param>
/// <param name="CopyAsync">Copies the package of an id and a version to a stream; false: it is not there. Whatever goes wrong is an
/// <see cref="IOException"/>.</param>
sealed record PackageFeed(string Name, Func<LibTorchPackage, Stream, Task<bool>> CopyAsync);
