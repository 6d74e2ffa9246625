using FinIntent.ApiModels;
using FinIntent.Evaluation.Reports;
using static System.FormattableString;

namespace FinIntent.Evaluation;

/// <summary>What an API model's answers took together, those of earlier runs of the file included. <see cref="AnswerOutcomes"/> says
/// how they ended.</summary>
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
        var uncounted = predictions.Count(p => p.Finish is not (FinishWord.ContentFilter or FinishWord.ContextLength)
            && (p.InputTokens is null || p.OutputTokens is null));
        var outcomes = AnswerOutcomes.Of(predictions);
        var price = uncounted > 0 ? null : (input * inputPrice + output * outputPrice) / 1e6;
        return new(input, output, uncounted, price, outcomes?.CutShort ?? 0, outcomes?.Refused ?? 0);
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
        return string.Concat(lines.Select(line => line.In(language))) + "\n";
    }
}
