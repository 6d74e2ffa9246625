using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace FinIntent.Evaluation;

/// <summary>What an API model's answers took together, those of earlier runs of the file included.</summary>
/// <param name="Uncounted">Answers whose tokens the server did not tell.</param>
/// <param name="Price">By the prices of the settings, in their currency; null without them, or when tokens are not known.</param>
/// <param name="CutShort">Answers that max_new_tokens ended.</param>
/// <param name="Refused">Answers that a filter of contents stopped.</param>
sealed record ApiTotals(long InputTokens, long OutputTokens, int Uncounted, double? Price, int CutShort, int Refused)
{
    /// <param name="inputPrice">Of a million tokens.</param>
    public static ApiTotals Of(IReadOnlyList<Prediction> predictions, double? inputPrice, double? outputPrice)
    {
        long input = predictions.Sum(p => p.InputTokens ?? 0), output = predictions.Sum(p => p.OutputTokens ?? 0);
        var uncounted = predictions.Count(p => p.Finish != "content_filter" && (p.InputTokens is null || p.OutputTokens is null));
        var price = uncounted > 0 ? null : (input * inputPrice + output * outputPrice) / 1e6;
        return new(input, output, uncounted, price, predictions.Count(p => p.Finish == "length"), predictions.Count(p => p.Finish is "content_filter" or "refusal"));
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

    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\ntokens: {InputTokens:N0} in, {OutputTokens:N0} out");
        if (Uncounted > 0) text.Append(CultureInfo.InvariantCulture, $"; of {Uncounted} answers the server did not tell them");
        if (Price is { } price) text.Append(CultureInfo.InvariantCulture, $"; price {price:0.####}");
        if (CutShort > 0) text.Append(CultureInfo.InvariantCulture, $"\n{CutShort} answers were cut short by max_new_tokens (a thinking model's thoughts count): raise it");
        if (Refused > 0) text.Append(CultureInfo.InvariantCulture, $"\n{Refused} questions the server refused to answer; they count as wrong");
        return text.Append('\n').ToString();
    }
}
