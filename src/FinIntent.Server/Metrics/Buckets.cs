using OpenTelemetry.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>The counts of a histogram.</summary>
/// <param name="Bounds">Upper bounds in rising order; the last is +Inf.</param>
/// <param name="Counts">Values in each bucket, not cumulative.</param>
sealed record Buckets(double[] Bounds, long[] Counts, double Sum)
{
    public long Count => Counts.Sum();

    public static Buckets Of(in MetricPoint point)
    {
        List<double> bounds = [];
        List<long> counts = [];
        foreach (var bucket in point.GetHistogramBuckets())
        {
            bounds.Add(bucket.ExplicitBound);
            counts.Add(bucket.BucketCount);
        }
        return bounds.Count > 0
            ? new([.. bounds], [.. counts], point.GetHistogramSum())
            : new([double.PositiveInfinity], [point.GetHistogramCount()], point.GetHistogramSum());
    }

    /// <summary>Adds histograms of equal bounds.</summary>
    public static Buckets operator +(Buckets a, Buckets b) =>
        new(a.Bounds, [.. a.Counts.Zip(b.Counts, (x, y) => x + y)], a.Sum + b.Sum);
}
