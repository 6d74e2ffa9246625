using System.IO.Compression;
using System.Security.Cryptography;
using System.Xml.Linq;
using FinIntent.Hub;
using FinIntent.Jobs.Setup;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Jobs;

public sealed class LibTorchSetupTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly List<string> _told = [];
    readonly List<string> _asked = [];

    string Target => _folder["data/libtorch"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_feed_that_has_the_package_gives_libtorch_and_its_licence_alone()
    {
        var bytes = Package();

        Run(Of(bytes), [Feed("empty", null), Feed("full", bytes), Feed("more", bytes)]);

        Assert.Equal(["empty", "full"], _asked);
        Assert.Equal(new[] { "LICENSE-LIBTORCH.txt" }.Concat(Libraries).Order(StringComparer.Ordinal), Files(Target));
        Assert.Equal(["libtorch", "libtorch.lock"], Files(_folder["data"]));
    }

    [Fact]
    public void What_is_there_is_fetched_again_only_when_asked()
    {
        var bytes = Package();
        Run(Of(bytes), [Feed("full", bytes)]);
        Run(Of(bytes), [Feed("full", bytes)]);
        Assert.Single(_asked);
        Assert.Contains("--force", Assert.Single(_told));

        Run(Of(bytes), [Feed("full", bytes)], isAnew: true);

        Assert.Equal(2, _asked.Count);
        Assert.Equal(4, Files(Target).Count);
    }

    [Fact]
    public void A_file_of_another_digest_is_refused_with_both_and_nothing_is_left()
    {
        var bytes = Package();
        var other = (byte[])bytes.Clone();
        other[^1] ^= 1;

        var error = Assert.Throws<UserErrorException>(() => Run(Of(bytes), [Feed("damaged", other), Feed("empty", null)]));

        Assert.Contains($"damaged: SHA-512 {Digest(other)}, {Digest(bytes)} is expected", error.Message);
        Assert.Contains("empty: it does not have the package", error.Message);
        Assert.Contains("--source", error.Message);
        Assert.Equal(["libtorch.lock"], Files(_folder["data"]));
    }

    [Fact]
    public void A_connection_that_breaks_is_tried_again()
    {
        var bytes = Package();
        var attempts = 0;
        PackageFeed broken = new("broken", async (_, target) =>
        {
            await target.WriteAsync(bytes.AsMemory(0, ++attempts == 3 ? bytes.Length : bytes.Length / 2), default);
            return attempts != 2 ? true : throw new IOException("the connection was reset");
        });

        Run(Of(bytes), [broken]);

        Assert.Equal(3, attempts);
        Assert.Equal(4, Files(Target).Count);
    }

    [Fact]
    public void What_a_killed_setup_left_is_removed_and_never_taken_for_libtorch()
    {
        var bytes = Package();
        Directory.CreateDirectory(_folder[$"data/.libtorch.{Guid.NewGuid():N}.tmp"]);
        File.WriteAllBytes(_folder[$"data/.libtorch-cpu-linux-x64.2.9.0.nupkg.{Guid.NewGuid():N}.tmp"], bytes[..10]);
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, Libraries[0]), "half of it, as an archiver by hand leaves it");

        Run(Of(bytes), [Feed("full", bytes)]);

        Assert.Equal(["libtorch", "libtorch.lock"], Files(_folder["data"]));
        Assert.Equal(4, Files(Target).Count);
        Assert.Equal("c10", File.ReadAllText(LibTorch.PathOf(Target, "c10")));
    }

    /// <summary>The digest of this system's package is that of the restored one; NuGet keeps it beside the package.</summary>
    [Fact]
    public void The_pinned_package_is_the_one_that_this_build_restored()
    {
        var package = LibTorchPackage.Here;
        var restored = Path.Combine(RestoredPackages.Folder, package.Id, package.Version, $"{package.Id}.{package.Version}.nupkg");

        Assert.Equal((new FileInfo(restored).Length, File.ReadAllText(restored + ".sha512")), (package.Bytes, package.Sha512));
    }

    [Fact]
    public void The_version_that_is_fetched_is_the_one_that_builds_use() => Assert.Equal(LibTorchFolders.Version,
        XDocument.Load(Path.Combine(Reference.Root, "Directory.Packages.props")).Descendants("LibTorchVersion").Single().Value);

    void Run(LibTorchPackage package, IReadOnlyList<PackageFeed> feeds, bool isAnew = false) =>
        LibTorchSetup.Run(package, Target, feeds, isAnew, new HubContext(_told.Add));

    static IReadOnlyList<string> Libraries =>
        [.. new[] { "c10", "torch", "torch_cpu" }.Select(name => Path.GetFileName(LibTorch.PathOf("", name)))];

    static List<string> Files(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    PackageFeed Feed(string name, byte[]? bytes) => new(name, async (_, target) =>
    {
        _asked.Add(name);
        if (bytes is not null) await target.WriteAsync(bytes);
        return bytes is not null;
    });

    static LibTorchPackage Of(byte[] bytes) => new(LibTorchFolders.Rid, bytes.Length, Digest(bytes));

    static string Digest(byte[] bytes) => Convert.ToBase64String(SHA512.HashData(bytes));

    /// <summary>A package as libtorch's is laid out, with a library's name for its content.</summary>
    static byte[] Package()
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            string[] natives = ["c10", "torch_cpu", "torch"];
            foreach (var name in natives) Add($"runtimes/{LibTorchFolders.Rid}/native/{Path.GetFileName(LibTorch.PathOf("", name))}", name);
            Add("runtimes/other-x64/native/other.so", "other");
            Add("LICENSE-LIBTORCH.txt", "licence");
            Add("libtorch.nuspec", "nuspec");

            void Add(string name, string content)
            {
                using var writer = new StreamWriter(archive.CreateEntry(name).Open());
                writer.Write(content);
            }
        }
        return stream.ToArray();
    }
}
