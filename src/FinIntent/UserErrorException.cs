namespace FinIntent;

/// <summary>An error the user can mend. The message names the file, the line or key, both values and the remedy; hosts print it and exit with 1.</summary>
public sealed class UserErrorException : Exception
{
    public UserErrorException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>Does something, and keeps the message where it cannot be done.</summary>
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
