using Microsoft.Extensions.Logging;

namespace FinIntent.Classification;

/// <summary>The lines that a classifier logs. None has a place for a text.</summary>
static partial class ClassifierLog
{
    [LoggerMessage(1, LogLevel.Information, "Loading {Model}")]
    public static partial void Loading(this ILogger logger, string model);

    [LoggerMessage(2, LogLevel.Information, "Loaded {Model} on {Device} in {Seconds:0.0} s; intent sets: {IntentSets}")]
    public static partial void Loaded(this ILogger logger, string model, string device, string intentSets, double seconds);

    [LoggerMessage(3, LogLevel.Error, "A forward of {Questions} question(s) failed")]
    public static partial void ForwardFailed(this ILogger logger, Exception exception, int questions);

    [LoggerMessage(5, LogLevel.Warning, "The device has no memory for a forward of {Questions} questions; they are asked in halves")]
    public static partial void ForwardHalved(this ILogger logger, int questions);

    [LoggerMessage(4, LogLevel.Debug, "Abstained: {Reason}, {Tokens} tokens")]
    public static partial void Abstained(this ILogger logger, AbstentionReason reason, int tokens);
}
