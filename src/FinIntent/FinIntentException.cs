namespace FinIntent;

/// <summary>
/// The base of every error that FinIntent raises on purpose. Its message says what is wrong, with the file, the line or key and both
/// values, and what to do about it. Any other exception, but a cancellation and a disk's error, is a fault of the library.
/// </summary>
/// <example><code>
/// try { result = await classifier.ClassifyAsync(text); }
/// catch (FinIntentException e) { logger.LogWarning("{Reason}", e.Message); }
/// </code></example>
public abstract class FinIntentException : Exception
{
    /// <summary>An error with its message, and where another error is behind it, that one.</summary>
    /// <param name="message">What is wrong and what to do about it, in one or two sentences.</param>
    /// <param name="inner">The error behind it; null where there is none.</param>
    private protected FinIntentException(string message, Exception? inner) : base(message, inner) { }
}
