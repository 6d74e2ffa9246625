using FinIntent.Files;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Tells troubles that may pass, after which a scheduler may try a shard again, from those that would come again.</summary>
static class Trouble
{
    // A network's file system that lost its server for a while, as Linux numbers it.
    static readonly int[] Passing = [116, 110];

    /// <summary>Says whether a shard that ended with an error may succeed later, or on another machine.</summary>
    public static bool MayPass(Exception e) =>
        DeviceMemory.IsExhausted(e) || e is OutOfMemoryException || DiskFull.Is(e)
        || (e is IOException && (LockFile.IsHeld(e.HResult) || Passing.Contains(e.HResult)))
        || (e.InnerException is { } inner && MayPass(inner));
}
