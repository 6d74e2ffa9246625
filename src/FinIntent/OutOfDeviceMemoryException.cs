namespace FinIntent;

/// <summary>
/// A device has no room for what was to be computed. It may have room later, or with a smaller
/// <see cref="IntentClassifierOptions.Precision"/>.
/// </summary>
/// <example><code>
/// try { result = await classifier.ClassifyAsync(text); }
/// catch (OutOfDeviceMemoryException) { await Task.Delay(TimeSpan.FromSeconds(5)); /* and try again */ }
/// </code></example>
public sealed class OutOfDeviceMemoryException : FinIntentException
{
    /// <summary>An error with its message.</summary>
    /// <param name="message">What had no room, and what to do about it.</param>
    internal OutOfDeviceMemoryException(string message) : base(message, null) { }
}
