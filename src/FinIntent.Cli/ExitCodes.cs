using FinIntent.Files;
using FinIntent.Jobs.Classify.Shards;

namespace FinIntent.Cli;

/// <summary>Says how the program ends when it fails: with 1 where the user can mend it, with 2 where the program is wrong.</summary>
static class ExitCodes
{
    /// <summary>Of a shard: input, a setting or the model is wrong, and would be again.</summary>
    const int BadInput = 42;

    /// <summary>Of a shard: the cause may pass, so that a scheduler may try again (EX_TEMPFAIL of sysexits.h).</summary>
    public const int MayPass = 75;

    const int UserError = 1, Bug = 2;

    /// <summary>Tells an error in words, and returns the exit code.</summary>
    /// <param name="isShard">True where a scheduler, which reads exit codes, started the program for a shard of a table.</param>
    public static int Tell(Exception error, bool isShard, TextWriter console)
    {
        var (code, words) = (DiskFull.In(error) ?? error) switch
        {
            FinIntentException e => (UserError, $"error: {e.Message}"),
            IOException or UnauthorizedAccessException => (UserError,
                $"error: {error.Message} (reading or writing failed; look at the path, its permissions and the free space)"),
            _ => (Bug, $"bug: {error}"),
        };
        console.WriteLine(words);
        if (!isShard) return code;
        return Trouble.MayPass(error) ? MayPass : code == UserError ? BadInput : code;
    }
}
