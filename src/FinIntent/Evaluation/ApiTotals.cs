using FinIntent.Evaluation.Reports;
using static System.FormattableString;

namespace FinIntent.Evaluation;

/// <summary>What an API model's answers took together, those of earlier runs of the file included.</summary>
/// <param name="Uncounted">How many answers the server did not tell the tokens of.</param>
/// <param name="Price">It follows from the settings' prices, in their currency; null without prices, or when tokens are not known.</param>
/// <param name="CutShort">How many answers max_new_tokens ended.</param>
/// <param name="Refused">How many answers a filter of contents stopped.</param>
sealed record ApiTotals(long InputTokens, long OutputTokens, int Uncounted, double? Price, int CutShort, int Refused)
{
    /// <param name="inputPrice">The price of a million tokens of questions.</param>
    public static ApiTotals Of(IReadOnlyList<Prediction> predictions, double? inputPrice, double? outputPrice)
    {
        long input = predictions.Sum(p => p.InputTokens ?? 0), output = predictions.Sum(p => p.OutputTokens ?? 0);
        var uncounted = predictions.Count(p => p.Finish != "content_filter" && (p.InputTokens is null || p.OutputTokens is null));
        var price = uncounted > 0 ? null : (input * inputPrice + output * outputPrice) / 1e6;
        return new(input, output, uncounted, price, predictions.Count(p => p.Finish == "length"),
            predictions.Count(p => p.Finish is "content_filter" or "refusal"));
    }

    public JsonObject ToJson() => new()
    {
        ["input_tokens"] = InputTokens,
        ["output_tokens"] = OutputTokens,
        ["answers_without_token_counts"] = Uncounted,
        ["price"] = Price,
        ["cut_short"] = CutShort,
        ["refused"] = Refused,
    };

    public string ToText(Language language)
    {
        var (input, output) = (Invariant($"{InputTokens:N0}"), Invariant($"{OutputTokens:N0}"));
        List<Bilingual> lines = [($"\n词元：输入 {input}，输出 {output}", $"\ntokens: {input} in, {output} out")];
        if (Uncounted > 0) lines.Add(($"；其中 {Uncounted} 个回答服务器未报词元数", $"; of {Uncounted} answers the server did not tell them"));
        if (Price is { } price) lines.Add((Invariant($"；费用 {price:0.####}"), Invariant($"; price {price:0.####}")));
        if (CutShort > 0)
            lines.Add(($"\n{CutShort} 个回答被 max_new_tokens 截断（思考模型的思考也计在内）：请调大它",
                $"\n{CutShort} answers were cut short by max_new_tokens (a thinking model's thoughts count): raise it"));
        if (Refused > 0)
            lines.Add(($"\n{Refused} 题服务器拒绝回答，按答错计", $"\n{Refused} questions the server refused to answer; they count as wrong"));
        return string.Concat(lines.Select(line => line.In(language))) + "\n";
    }
}
