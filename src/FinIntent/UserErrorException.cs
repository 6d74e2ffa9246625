namespace FinIntent;

/// <summary>An error the user can mend. The message names the file, the line or key, both values and the remedy; hosts print it and exit with 1.</summary>
public sealed class UserErrorException : Exception
{
    public UserErrorException(string message, Exception? inner = null) : base(message, inner) { }
}
