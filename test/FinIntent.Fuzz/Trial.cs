using System.Diagnostics;

namespace FinIntent.Fuzz;

/// <summary>Says how the reading of a damaged file ended.</summary>
enum Outcome
{
    /// <summary>The reader made something of it.</summary>
    Value,
    /// <summary>The reader refused it in words.</summary>
    UserError,
    /// <summary>Another exception came out.</summary>
    Bug,
    /// <summary>It took too long.</summary>
    Slow,
    /// <summary>It took too much memory.</summary>
    Large,
    /// <summary>The words that it was refused with are a library's, or name a type of .NET.</summary>
    ForeignWords,
    /// <summary>A file that is not damaged was refused, so nothing that follows says anything.</summary>
    ValidRefused,
}

/// <summary>Holds what came of one damaged file.</summary>
/// <param name="What">The words of the error; empty for a value.</param>
sealed record Finding(string Reader, int Number, Outcome Outcome, string What, byte[] Bytes)
{
    public bool IsFault => Outcome is not (Outcome.Value or Outcome.UserError);

    /// <summary>What findings of one cause share.</summary>
    public string Cause
    {
        get
        {
            var lines = What.Split('\n');
            var place = lines.FirstOrDefault(line => line.Contains(" at FinIntent.", StringComparison.Ordinal))?.Trim();
            return $"{Outcome} {(place is null ? string.Concat(lines[0].Where(char.IsAsciiLetter)) : lines[0].Split(':')[0])} {place}";
        }
    }
}

/// <summary>Reads damaged files and watches time, memory and words.</summary>
static class Trial
{
    /// <summary>How long a reader may take for a file.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromSeconds(2);

    /// <summary>How many bytes a reader may allocate above the file's size.</summary>
    public const long MostBytes = 200_000_000;

    static readonly string[] ForeignMarks =
    [
        "System.", "FinIntent.", "Exception", "Nullable", "LineNumber:", "BytePosition", "JsonSerializer", "deserializ", "Int32", "Int64",
        "(Parameter '", "Path: $", "Object reference", "Index was out", "Arithmetic", "Parquet.",
    ];

    /// <summary>Writes a damaged file and reads it.</summary>
    /// <param name="number">With the seed, it says which random numbers make the damage.</param>
    public static Finding Run(FuzzedReader reader, string folder, int seed, int number)
    {
        var random = new Random(StableHash($"{reader.Name} {seed} {number}"));
        return Run(reader, folder, number, Mutation.Of(reader, random));
    }

    /// <summary>Reads some bytes as the reader's file.</summary>
    public static Finding Run(FuzzedReader reader, string folder, int number, byte[] bytes)
    {
        var path = Path.Combine(folder, reader.File);
        var (outcome, what) = Once(reader, path, bytes);
        for (var again = 0; outcome is Outcome.Slow && again < 2; again++) (outcome, what) = Once(reader, path, bytes); // a busy machine
        return new(reader.Name, number, outcome, what, bytes);
    }

    static (Outcome, string) Once(FuzzedReader reader, string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        var (start, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var (outcome, what) = Read(reader, path);
        var (time, allocated) = (Stopwatch.GetElapsedTime(start), GC.GetAllocatedBytesForCurrentThread() - before);
        if (time > MostTime) return (Outcome.Slow, $"{time.TotalSeconds:F1} s");
        return allocated > MostBytes + bytes.Length ? (Outcome.Large, $"{allocated / 1e6:F0} MB") : (outcome, what);
    }

    static (Outcome, string) Read(FuzzedReader reader, string path)
    {
        try
        {
            reader.Read(path);
            return (Outcome.Value, "");
        }
        catch (UserErrorException e)
        {
            return (HasForeignWords(e) ? Outcome.ForeignWords : Outcome.UserError, e.Message.Replace(path, "FILE"));
        }
        catch (Exception e)
        {
            return (Outcome.Bug, e.ToString());
        }
    }

    /// <summary>Says whether an error speaks of types of .NET, or in the words of a library.</summary>
    public static bool HasForeignWords(UserErrorException e) =>
        ForeignMarks.Any(mark => e.Message.Contains(mark, StringComparison.Ordinal));

    // The same on every run and machine, as string.GetHashCode is not.
    static int StableHash(string text) => text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c));
}
