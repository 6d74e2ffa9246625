using FinIntent.Generation;
using FinIntent.Server.Routes;
using FinIntent.Server.Wire;
using FinIntent.Text;

namespace FinIntent.Server.Chat;

/// <summary>Writes tokens for callers.</summary>
static class TokenWires
{
    public static IReadOnlyList<TokenLogprobWire> Of(Tokenizer tokenizer, IEnumerable<TokenReading> tokens) =>
        [.. tokens.Select(token =>
        {
            var (text, bytes) = Shown(tokenizer, token.Id);
            return new TokenLogprobWire(text, Log(token.LogProbability), bytes, [.. token.Best.Select(chance =>
            {
                var (text, bytes) = Shown(tokenizer, chance.Id);
                return new TopLogprobWire(text, Log(chance.LogProbability), bytes);
            })]);
        })];

    /// <summary>JSON has no infinity.</summary>
    public static double Log(double logProbability) => Math.Max(logProbability, IntentRoutes.LeastLogprob);

    static (string Text, int[]? Bytes) Shown(Tokenizer tokenizer, int id)
    {
        var token = TokenText.Of(tokenizer, id);
        return (token.Text, token.Bytes is { } bytes ? [.. bytes.Select(b => (int)b)] : null);
    }

    public static ChoicesWire Of(IReadOnlyList<string> choices, ChoiceAnswer answer) => new(
        [.. choices.Select((choice, i) => new ScoredChoiceWire(i, choice, answer.Probabilities[i], Log(answer.LogProbabilities[i])))]);
}
