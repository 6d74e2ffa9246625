using System.Diagnostics;
using System.Runtime.Versioning;
using FinIntent.Server.Files;
using FinIntent.Server.TextLog;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.TextLog;

[UnsupportedOSPlatform("windows")]
public sealed class TextLogOnUnixTests : IDisposable
{
    const UnixFileMode Mode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode700 = Mode600 | UnixFileMode.UserExecute;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_and_folders_are_for_the_servers_user_alone()
    {
        using TextLogWriter log = new(new(_folder["a/b"]), new CollectedLog().CreateLogger("texts"), TimeProvider.System, () => 0);
        log.Add(new("x", "bank", "v1", "a", "A", 1, 1));
        await log.StartAsync(TestContext.Current.CancellationToken);
        await log.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Mode700, File.GetUnixFileMode(_folder["a/b"]));
        var files = Directory.GetFiles(_folder["a/b"]);
        Assert.Equal(2, files.Length); // the day's and the lock
        Assert.All(files, file => Assert.Equal(Mode600, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void A_file_that_others_could_read_is_closed_to_them_before_it_is_written()
    {
        var path = _folder.Write("texts", "{}\n");
        File.SetUnixFileMode(path, Mode600 | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        using var file = PrivateFile.OpenToAppend(path);

        Assert.Equal(Mode600, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_link_is_not_followed()
    {
        File.CreateSymbolicLink(_folder["link"], _folder.Write("target", "{}\n"));

        Assert.Throws<IOException>(() => PrivateFile.OpenToAppend(_folder["link"]));
    }

    /// <summary>A file system of 64 KB, which a hundred texts fill.</summary>
    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task A_full_disk_loses_texts_and_nothing_else()
    {
        Directory.CreateDirectory(_folder["disk"]);
        Tier.NeedsOnDemand(Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", _folder["disk"]) == 0, "mount is not allowed");
        try
        {
            CollectedLog lines = new();
            using TextLogWriter log = new(new(_folder["disk"]), lines.CreateLogger("texts"), TimeProvider.System, () => 0);
            await log.StartAsync(TestContext.Current.CancellationToken);

            for (var i = 0; i < 100; i++) log.Add(new(new string('x', 1000), "bank", "v1", "a", "A", 1, 1));
            for (var i = 0; i < 100 && log.Written + log.Lost < 100; i++) await Task.Delay(50, TestContext.Current.CancellationToken);
            await log.StopAsync(TestContext.Current.CancellationToken);

            Assert.InRange(log.Lost, 1, 100);
            Assert.Single(lines.Lines);
        }
        finally
        {
            Run("umount", _folder["disk"]);
        }
    }

    static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
