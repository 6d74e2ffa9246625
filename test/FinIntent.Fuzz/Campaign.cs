using System.Diagnostics;

namespace FinIntent.Fuzz;

/// <summary>Runs many trials of each reader and prints a table of what came out.</summary>
static class Campaign
{
    const long MostGarbage = 50_000_000;

    /// <returns>0 when every outcome was a value or an error in words, else 1.</returns>
    public static int Run(IReadOnlyList<FuzzedReader> readers, int count, int seed, string? save)
    {
        Console.WriteLine($"{"reader",-28} {"files",9} {"value",9} {"error",9} {"fault",6} {"seconds",8} {"peak MB",8}");
        List<Finding> faults = [];
        long total = 0;
        foreach (var reader in readers)
        {
            var found = Run(reader, count, seed);
            faults.AddRange(found);
            total += count;
        }
        List<Finding> causes = [.. faults.DistinctBy(f => $"{f.Reader} {f.Cause}")];
        Console.WriteLine($"{total:N0} files, {faults.Count:N0} faults of {causes.Count:N0} causes");
        foreach (var fault in causes) Show(fault, save);
        return faults.Count == 0 ? 0 : 1;
    }

    static List<Finding> Run(FuzzedReader reader, int count, int seed)
    {
        using var place = new TrialFolder(reader);
        var outcomes = new int[Enum.GetValues<Outcome>().Length];
        List<Finding> faults = [];
        var clock = Stopwatch.StartNew();
        PeakMemory.Reset();
        var before = PeakMemory.Bytes;
        using var watch = new HangWatch(reader.Name, Path.Combine(place.Path, reader.File));
        faults.AddRange(reader.Seeds.Select((seed, i) => Trial.Run(reader, place.Path, i, seed)).Where(f => f.Outcome != Outcome.Value)
            .Select(f => f with { Outcome = Outcome.ValidRefused }));
        for (var number = 0; number < count; number++)
        {
            if (GC.GetTotalMemory(forceFullCollection: false) > MostGarbage) Forget(); // else many files' garbage counts as one's
            watch.Next();
            var finding = Trial.Run(reader, place.Path, seed, number);
            outcomes[(int)finding.Outcome]++;
            if (finding.IsFault) faults.Add(finding);
        }
        var peak = (PeakMemory.Bytes - before) / 1e6;
        if (peak > Trial.MostBytes / 1e6) faults.Add(new(reader.Name, -1, Outcome.Large, $"the process grew by {peak:F0} MB", []));
        Console.WriteLine($"{reader.Name,-28} {count,9:N0} {outcomes[(int)Outcome.Value],9:N0} {outcomes[(int)Outcome.UserError],9:N0} " +
            $"{faults.Count,6:N0} {clock.Elapsed.TotalSeconds,8:F1} {peak,8:F0}");
        return faults;
    }

    static void Forget() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    static void Show(Finding fault, string? save)
    {
        Console.WriteLine($"\n{fault.Reader} number {fault.Number}: {fault.Outcome}: {fault.What}");
        if (save is null) return;
        Directory.CreateDirectory(save);
        var path = Path.Combine(save, $"{fault.Reader.Replace(' ', '-')}-{fault.Number}-{Readers.Get(fault.Reader).File}");
        File.WriteAllBytes(path, fault.Bytes);
        Console.WriteLine($"  saved as {path}");
    }
}
