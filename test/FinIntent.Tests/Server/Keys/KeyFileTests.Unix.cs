using System.Runtime.Versioning;
using FinIntent.Server.Keys;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.Keys;

[UnsupportedOSPlatform("windows")]
public sealed class KeyFileOnUnixTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly CollectedLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(UnixFileMode.UserRead, false)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, false)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.OtherRead, true)]
    public void A_file_that_others_can_read_is_warned_of(UnixFileMode mode, bool isWarned)
    {
        var path = _folder.Write("keys", "0123456789abcdef");
        File.SetUnixFileMode(path, mode);

        using KeyFile file = new(File.CreateSymbolicLink(_folder["link"], path).FullName, _log.CreateLogger("keys"));

        Assert.Equal(isWarned ? 1 : 0, _log.Lines.Count(line => line.StartsWith("Warning", StringComparison.Ordinal)));
    }

    /// <summary>Kubernetes mounts a secret as a link to a folder's file, and changes the link to the folder.</summary>
    [Fact]
    public void A_changed_link_is_a_changed_file()
    {
        foreach (var (name, time) in new[] { ("one", 1), ("two", 2) })
        {
            Directory.CreateDirectory(_folder[name]);
            File.SetLastWriteTimeUtc(_folder.Write($"{name}/keys", $"{name}-0123456789abcdef"), DateTime.UnixEpoch.AddSeconds(time));
        }
        Directory.CreateSymbolicLink(_folder["data"], "one");
        File.CreateSymbolicLink(_folder["keys"], "data/keys");
        using KeyFile file = new(_folder["keys"], _log.CreateLogger("keys"));

        Directory.Delete(_folder["data"]);
        Directory.CreateSymbolicLink(_folder["data"], "two");
        file.Look();

        Assert.NotNull(file.Keys.Find("two-0123456789abcdef"));
    }
}
