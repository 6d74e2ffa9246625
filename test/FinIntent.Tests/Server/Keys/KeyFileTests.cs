using FinIntent.Server.Keys;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.Keys;

public sealed class KeyFileTests : IDisposable
{
    const string First = "first-0123456789abcdef", Second = "second-0123456789abcdef";

    readonly TemporaryFolder _folder = new();
    readonly CollectedLog _log = new();
    int _seconds;

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes a file with a time of its own, as if a second had passed.</summary>
    string Write(string name, string content)
    {
        var path = _folder.Write(name, content);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(++_seconds));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    ServerKeys Keys(string api, string? admin = null) =>
        new(Write("api", api), admin is null ? null : Write("admin", admin), _log.CreateLogger("keys"));

    [Fact]
    public void A_changed_file_is_read_again()
    {
        using var keys = Keys($"a {First}");

        Write("api", $"b {Second}");
        keys.Look();

        Assert.Null(keys.Find(First));
        Assert.Equal("b", keys.Find(Second)?.Name);
        Assert.DoesNotContain(_log.Lines, line => line.Contains(Second, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_does_not_change_is_not_read_again()
    {
        using var keys = Keys($"a {First}");

        keys.Look();

        Assert.Empty(_log.Lines);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData(null)]
    public void A_wrong_new_file_keeps_the_old_keys_and_is_logged_once(string? content)
    {
        using var keys = Keys($"a {First}");

        if (content is null) File.Delete(_folder["api"]);
        else Write("api", content);
        for (var i = 0; i < 3; i++) keys.Look();

        Assert.NotNull(keys.Find(First));
        Assert.StartsWith("Error keys:", Assert.Single(_log.Lines), StringComparison.Ordinal);

        Write("api", $"b {Second}");
        keys.Look();

        Assert.NotNull(keys.Find(Second));
    }

    [Fact]
    public async Task A_watched_file_is_read_within_seconds()
    {
        using var keys = Keys($"a {First}");
        keys.Watch(TimeProvider.System);

        Write("api", $"b {Second}");

        for (var i = 0; i < 100 && keys.Find(Second) is null; i++) await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.NotNull(keys.Find(Second));
    }

    [Fact]
    public void An_admin_key_may_classify_and_a_classify_key_is_no_admin()
    {
        using var keys = Keys($"a {First}", $"b {Second}");

        Assert.Equal(new KeyHolder("a", IsAdmin: false), keys.Find(First));
        Assert.Equal(new KeyHolder("b", IsAdmin: true), keys.Find(Second));
    }

    [Fact]
    public void A_key_of_both_files_is_an_error_at_start_and_never_makes_an_admin_later()
    {
        Assert.Contains("stands in", Assert.Throws<UserErrorException>(() => Keys($"a {First}", $"b {First}")).Message,
            StringComparison.Ordinal);
        using var keys = Keys($"a {First}", $"b {Second}");

        Write("admin", $"b {First}");
        keys.Look();
        Assert.Equal(new KeyHolder("a", IsAdmin: false), keys.Find(First));

        Write("api", $"a {Second}x"); // the other file is mended, and both are as they say
        keys.Look();
        keys.Look();
        Assert.Equal(new KeyHolder("b", IsAdmin: true), keys.Find(First));
    }
}
