namespace FinIntent;

/// <summary>An error that the user can mend. It names the file, the line or key, both values and the remedy; hosts exit with 1.</summary>
public sealed class UserErrorException : Exception
{
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
