using System.IO.Compression;
using FinIntent.Files;
using FinIntent.Hub;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Setup;

/// <summary>Fetches libtorch from a feed of packages into the user's data folder, where a program without its own looks for it.</summary>
/// <remarks>The folder is there whole or not at all, whenever the process is killed, and two processes do not fetch at once.</remarks>
static class LibTorchSetup
{
    const int Attempts = 3;

    static readonly string[] Libraries = ["c10", "torch_cpu", "torch"];

    /// <summary>The folder of this user.</summary>
    public static string Folder => LibTorchFolders.Here.Setup;

    /// <param name="folder">The folder that is filled.</param>
    /// <param name="feeds">They are asked in this order, until one has the package.</param>
    /// <param name="isAnew">Fetches although it is there.</param>
    /// <exception cref="UserErrorException">No feed gives the package; the message has each one's reason.</exception>
    public static void Run(LibTorchPackage package, string folder, IReadOnlyList<PackageFeed> feeds, bool isAnew, HubContext context) =>
        RunAsync(package, folder, feeds, isAnew, context).GetAwaiter().GetResult();

    static async Task RunAsync(LibTorchPackage package, string folder, IReadOnlyList<PackageFeed> feeds, bool isAnew, HubContext context)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        Directory.CreateDirectory(parent);
        using var held = await HubLock.Take(Path.Combine(parent, $"{Path.GetFileName(folder)}.lock"), context.Tell, context.Time, default);
        if (!isAnew && IsThere(folder))
        {
            context.Tell($"libtorch {package.Version} is there already; --force fetches it anew");
            return;
        }
        AtomicFolder.Clean(parent);
        var path = Path.Combine(parent, $".{package.Id}.{package.Version}.nupkg.{Guid.NewGuid():N}.tmp");
        try
        {
            await FetchAsync(package, path, feeds, context);
            AtomicFolder.Write(folder, target => Unpack(package, path, target));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Loads libtorch as every other command does, and says which one that is.</summary>
    public static void Prove(string folder, Action<string> tell)
    {
        LibTorch.Load();
        var isFetched = Path.GetFullPath(LibTorch.Folder) == Path.GetFullPath(folder);
        tell($"libtorch {LibTorch.Version} of {LibTorch.Folder} runs here" +
            (isFetched ? "" : ": this program takes it before the one that was fetched (docs/setup.md)"));
    }

    static bool IsThere(string folder) => Libraries.All(name => File.Exists(LibTorch.PathOf(folder, name)));

    static async Task FetchAsync(LibTorchPackage package, string path, IReadOnlyList<PackageFeed> feeds, HubContext context)
    {
        var reasons = new StringBuilder();
        foreach (var feed in feeds)
        {
            for (var attempt = 1; ; attempt++)
            {
                var reason = await TryAsync(package, path, feed, context);
                if (reason is null) return;
                if (attempt < Attempts && reason.MayPass) continue;
                reasons.Append($"\n  {feed.Name}: {reason.Text}");
                break;
            }
        }
        throw new UserErrorException(
            $"libtorch {package.Version} (package {package.Id}, {package.Bytes / 1_000_000} MB) cannot be fetched:{reasons}\n" +
            $"name a source that has it (--source URL-or-folder, or a NuGet.Config), or set {LibTorch.FolderVariable} to a folder that " +
            "holds libtorch 2.10 or newer, such as a PyTorch install's torch/lib");
    }

    /// <param name="MayPass">Trying again may help.</param>
    sealed record Reason(string Text, bool MayPass);

    /// <summary>Fetches from one feed. Null: the file is the package.</summary>
    static async Task<Reason?> TryAsync(LibTorchPackage package, string path, PackageFeed feed, HubContext context)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        var meter = new DownloadMeter(package.Id, context.Progress, context.Time);
        meter.Expect(1, package.Bytes, 0);
        try
        {
            await using var counted = new CountingStream(file, meter.Add);
            if (!await feed.CopyAsync(package, counted)) return new("it does not have the package", MayPass: false);
        }
        catch (IOException e)
        {
            return new(e.Message, MayPass: true);
        }
        var isShort = file.Length < package.Bytes; // the connection broke
        if (package.Difference(file) is { } difference) return new(difference, isShort);
        meter.FileDone();
        return null;
    }

    static void Unpack(LibTorchPackage package, string path, string target)
    {
        using var archive = ZipFile.OpenRead(path);
        var natives = $"runtimes/{package.Rid}/native/";
        foreach (var entry in archive.Entries)
        {
            var isLicence = !entry.FullName.Contains('/') && entry.Name.Contains("LICENSE", StringComparison.OrdinalIgnoreCase);
            var isNative = entry.FullName == natives + entry.Name;
            if (entry.Name.Length > 0 && (isLicence || isNative)) entry.ExtractToFile(Path.Combine(target, entry.Name));
        }
        if (!IsThere(target)) throw new UserErrorException($"{package.Id} {package.Version} holds no libtorch for {package.Rid}");
    }
}
