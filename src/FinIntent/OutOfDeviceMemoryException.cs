namespace FinIntent;

/// <summary>
/// A device has no room for what was to be computed. It may have room later, or with a smaller
/// <see cref="IntentClassifierOptions.Precision"/>.
/// </summary>
/// <example><code>
/// try { results = await classifier.ClassifyAsync(texts); }
/// catch (OutOfDeviceMemoryException) { await Task.Delay(TimeSpan.FromSeconds(10)); } // another program has the GPU's memory
/// </code></example>
public sealed class OutOfDeviceMemoryException : FinIntentException
{
    /// <summary>An error with its message.</summary>
    /// <param name="message">What had no room, and what to do about it.</param>
    internal OutOfDeviceMemoryException(string message) : base(message, null) { }
}
