using FinIntent.Files;

namespace FinIntent.Data.Sources;

/// <summary>Keeps OpenFinData's notice in a file beside its converted rows, which look like any that may be trained on.</summary>
static class EvaluationNotice
{
    const string Text = """
        Made from OpenFinData (https://github.com/open-compass/OpenFinData), whose notice allows academic evaluation only, never training.
        While this file stands beside the rows, finintent neither trains on them nor chooses a checkpoint by them.

        """;

    public static string PathOf(string rows) => rows + ".notice.txt";

    public static void Write(string rows) => AtomicFile.WriteText(PathOf(rows), Text);

    /// <exception cref="UserErrorException">The notice is there.</exception>
    public static void Check(string rows)
    {
        if (File.Exists(PathOf(rows)))
            throw new UserErrorException($"{rows}: these are questions of OpenFinData ({Path.GetFileName(PathOf(rows))} says so), whose " +
                "notice allows evaluation only; they can be neither trained on nor used to choose a checkpoint; use `finintent eval`");
    }
}
