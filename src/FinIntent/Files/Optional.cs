namespace FinIntent.Files;

/// <summary>What a finished run can do without: pictures, curves, and cards that tell what other files hold.</summary>
static class Optional
{
    /// <summary>Makes something that a run can do without; where that fails, for whatever reason, a warning says so.</summary>
    /// <remarks>The run goes on, because hours of work must not be lost to a picture.</remarks>
    /// <param name="what">What is missing then: "the dataset card".</param>
    /// <param name="warn">It is given the warning, a line for the error console.</param>
    /// <returns>False when it could not be made.</returns>
    public static bool Try(string what, Action make, Action<string> warn)
    {
        try
        {
            make();
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var reason = e.GetBaseException().Message.ReplaceLineEndings(" ").Split(". ")[0].TrimEnd('.', ' ');
            warn($"warning: {what} could not be made, the results are whole: {reason}");
            return false;
        }
    }
}
