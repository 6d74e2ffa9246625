using static System.FormattableString;

namespace FinIntent.Evaluation.Reports;

/// <summary>Numbers as all reports write them. What is not known is a dash.</summary>
static class NumberText
{
    public const string Unknown = "–";

    /// <summary>One decimal: with fewer than a thousand questions a second one would say nothing.</summary>
    public static string Percent(double share) => double.IsNaN(share) ? Unknown : Invariant($"{100 * share:f1} %");

    public static string Interval((double Low, double High) interval) => Invariant($"{100 * interval.Low:f1}–{100 * interval.High:f1}");

    public static string Of(Proportion proportion) => $"{proportion.Successes}/{proportion.Trials}";

    /// <summary>A difference of shares in points, with its sign.</summary>
    public static string Points(double difference) => double.IsNaN(difference) ? Unknown : Invariant($"{100 * difference:+0.0;−0.0;0.0}");

    /// <summary>"−1.2 … +3.4": a dash between the two would look like a sign.</summary>
    public static string PointsInterval((double Low, double High) interval) =>
        double.IsNaN(interval.Low) ? Unknown : $"{Points(interval.Low)} … {Points(interval.High)}";

    public static string P(double p) => p < 0.001 ? "< 0.001" : Invariant($"{p:f3}");

    /// <summary>"= 0.031", "&lt; 0.001".</summary>
    public static string WithSign(double p) => P(p) is var text && text[0] == '<' ? text : $"= {text}";

    /// <summary>A share as a bar of up to twenty blocks.</summary>
    public static string Bar(double share) => double.IsNaN(share) ? "" : new('█', (int)Math.Round(20 * share));

    public static string Three(double value) => double.IsNaN(value) ? Unknown : Invariant($"{value:0.000;−0.000;0.000}");
}
