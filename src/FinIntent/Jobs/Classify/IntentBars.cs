using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using static System.FormattableString;

namespace FinIntent.Jobs.Classify;

/// <summary>Shows a text's answer to people: a bar for each intent, the most probable first.</summary>
static class IntentBars
{
    const int Width = 40;

    const string Eighths = "▏▎▍▌▋▊▉";

    public static Bilingual Of(IntentResult result)
    {
        var width = result.Probabilities.Keys.Max(TerminalText.Width);
        var bars = string.Concat(result.Probabilities.OrderByDescending(p => p.Value).Select(p => Line(p.Key, p.Value, width)));
        return (bars + Verdict(result).Chinese, bars + Verdict(result).English);
    }

    static string Line(string intent, double probability, int width)
    {
        var eighths = (int)Math.Round(probability * Width * 8);
        var bar = new string('█', eighths / 8) + (eighths % 8 == 0 ? "" : Eighths[eighths % 8 - 1]);
        return Invariant($"{TerminalText.PadRight(intent, width)}  {bar.PadRight(Width)} {100 * probability,5:f1} %\n");
    }

    static Bilingual Verdict(IntentResult result)
    {
        if (result.PredictionSet is not { } set) return ("", "");
        var names = set.Count == 0 ? "∅" : string.Join(", ", set);
        Bilingual why = result.AbstentionReason switch
        {
            AbstentionReason.LowProbability => ("弃权：概率太低", "abstained: the probability is too low"),
            AbstentionReason.OutOfScope => ("弃权：不像这些意图的问题", "abstained: the text looks like none of these intents"),
            _ => ("作答", "answered"),
        };
        return ($"{why.Chinese}；预测集：{names}\n", $"{why.English}; prediction set: {names}\n");
    }
}
