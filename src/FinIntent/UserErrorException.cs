namespace FinIntent;

/// <summary>An error that the user can mend. It names the file, the line or key, both values and the remedy; hosts exit with 1.</summary>
/// <example><code>
/// try { classifier = await IntentClassifier.LoadAsync(folder); }
/// catch (UserErrorException e) { Console.Error.WriteLine(e.Message); return 1; }
/// </code></example>
public sealed class UserErrorException : FinIntentException
{
    /// <summary>An error with its message, and where another error is behind it, that one.</summary>
    /// <param name="message">What is wrong, where, and what to do about it.</param>
    /// <param name="inner">The error behind it; null where there is none.</param>
    public UserErrorException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>Does something; where it fails with such an error, the message joins the problems.</summary>
    internal static void Note(Action action, List<string> problems)
    {
        try
        {
            action();
        }
        catch (UserErrorException e)
        {
            problems.Add(e.Message);
        }
    }
}
