using System.Text.Json.Nodes;
using FinIntent.Server.Audit;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.Audit;

public sealed class AuditLogTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly CollectedLog _log = new();

    public void Dispose() => _folder.Dispose();

    List<JsonNode> Lines => [.. File.ReadAllLines(_folder["audit.jsonl"]).Select(line => JsonNode.Parse(line)!)];

    AuditLog New() => new(_folder["audit.jsonl"], _log, TimeProvider.System);

    [Fact]
    public void A_change_is_a_line_in_the_file_and_in_the_log()
    {
        using (var audit = New())
            audit.Write(new("PUT", "bank") { Key = "ops", Before = "aaaa", After = "bbbb", Outcome = "ok", RemoteAddress = "127.0.0.1" });
        using (var audit = New()) audit.Write(new("DELETE", "bank") { Key = "ops", Before = "bbbb", Outcome = "failed", Error = "in use" });

        Assert.Equal(2, Lines.Count);
        Assert.Equal(("ops", "PUT", "bank", "aaaa", "bbbb", "ok"), (
            (string?)Lines[0]["key"], (string?)Lines[0]["action"], (string?)Lines[0]["adapter"],
            (string?)Lines[0]["version_before"], (string?)Lines[0]["version_after"], (string?)Lines[0]["outcome"]));
        Assert.EndsWith("Z", (string?)Lines[0]["time"], StringComparison.Ordinal);
        Assert.Equal(2, _log.Lines.Count(line => line.StartsWith("Information FinIntent.Audit: {\"time\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_callers_characters_cannot_make_a_line_or_move_a_cursor()
    {
        var name = "x\n{\"outcome\":\"ok\"}\u001b[2J\u009b\u202e" + new string('y', 500);

        using (var audit = New()) audit.NoteRefused(new("PUT", name) { Outcome = "refused" });

        var line = Assert.Single(File.ReadAllLines(_folder["audit.jsonl"]));
        Assert.All(line, c => Assert.InRange(c, ' ', '~'));
        Assert.Equal(128, ((string?)JsonNode.Parse(line)!["adapter"])!.Length);
    }

    [Fact]
    public void Refusals_do_not_fill_the_disk_and_the_missing_ones_are_counted()
    {
        using (var audit = New())
        {
            for (var i = 0; i < AuditLog.MostRefusals + 40; i++) audit.NoteRefused(new("PUT", "bank") { Outcome = "refused" });
            audit.Write(new("PUT", "bank") { Outcome = "ok" });
        }

        Assert.Equal(AuditLog.MostRefusals + 1, Lines.Count);
        Assert.Equal(40, (int?)Lines[^1]["refusals_without_line"]);
    }

    [Fact]
    public void A_file_that_was_moved_away_is_begun_anew()
    {
        using (var audit = New())
        {
            audit.Write(new("PUT", "one") { Outcome = "ok" });
            File.Move(_folder["audit.jsonl"], _folder["moved"]);
            audit.Write(new("PUT", "two") { Outcome = "ok" });
        }

        Assert.Equal("two", (string?)Lines.Single()["adapter"]);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_error_at_start() => Assert.Contains(
        "--audit-log", Assert.Throws<UserErrorException>(() => new AuditLog(_folder.Path, _log, TimeProvider.System)).Message,
            StringComparison.Ordinal);
}
