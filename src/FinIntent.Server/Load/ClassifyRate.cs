using FinIntent.Classification;
using FinIntent.Data.Rows;
using FinIntent.Jobs;
using FinIntent.Jobs.Classify;
using FinIntent.Settings;

namespace FinIntent.Server.Load;

/// <summary>Measures what the server is compared with: how many texts a second `finintent classify` answers on this machine.</summary>
static class ClassifyRate
{
    const int WarmUpTexts = 400;
    const long CacheBytes = 64_000_000;

    /// <exception cref="UserErrorException">The model cannot be loaded.</exception>
    public static double Measure(SettingsFile settings, LoadTexts texts, TimeSpan duration, Surroundings here)
    {
        var (source, _) = Classifiers.Find(settings, here);
        using var classifier = ClassifierModel.Load(source, here.Device.Value);
        return Measure(classifier, texts, duration);
    }

    public static double Measure(ClassifierModel classifier, LoadTexts texts, TimeSpan duration)
    {
        var options = new ClassifyOptions(classifier.Set(null), "text", CacheBytes);
        var all = Rows(texts).GetEnumerator();
        Run(WarmUpTexts, null);
        var clock = Stopwatch.StartNew();
        return Run(int.MaxValue, duration) / clock.Elapsed.TotalSeconds;

        long Run(int most, TimeSpan? time)
        {
            var count = 0L;
            var until = time is { } given ? Stopwatch.GetTimestamp() + (long)(given.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
            new ClassifyPipeline(classifier, options, null).Run(_ => Next(most, until), (row, answer, error) =>
            {
                if (answer is null) throw new UserErrorException($"text {row.Number}: {error}");
                count++;
            }, default);
            return count;
        }

        IEnumerable<SourceRow> Next(int most, long until)
        {
            for (var i = 0; i < most && Stopwatch.GetTimestamp() < until && all.MoveNext(); i++) yield return all.Current;
        }
    }

    static IEnumerable<SourceRow> Rows(LoadTexts texts)
    {
        for (var i = 0L; ; i++) yield return new("texts", i + 1, true, JsonSerializer.SerializeToElement(new { text = texts[i] }));
    }
}
