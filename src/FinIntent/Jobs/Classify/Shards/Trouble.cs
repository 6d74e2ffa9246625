using FinIntent.Runtime;

namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Tells troubles that may pass, after which a scheduler may try a shard again, from those that would come again.</summary>
static class Trouble
{
    // Errors as Unix and as Windows number them: no space, a quota, a lock, and a network's file system that lost its server for a while.
    static readonly int[] Passing =
    [
        28, 122, 11, 116, 110,
        unchecked((int)0x80070070), unchecked((int)0x80070027), unchecked((int)0x80070020), unchecked((int)0x80070021),
    ];

    /// <summary>Says whether a shard that ended with an error may succeed later, or on another machine.</summary>
    public static bool MayPass(Exception e) =>
        DeviceMemory.IsExhausted(e) || e is OutOfMemoryException || (e is IOException && Passing.Contains(e.HResult))
        || (e.InnerException is { } inner && MayPass(inner));
}
