using FinIntent.Generation;
using FinIntent.Server.Wire;
using FinIntent.Text;

namespace FinIntent.Server.Chat;

/// <summary>Writes the tokens of one continuation in the older form, which tells where in the text each begins.</summary>
sealed class CompletionTokens(Tokenizer tokenizer)
{
    readonly Decoder _utf8 = tokenizer.Utf8Decoder();
    int _characters;

    /// <summary>Writes tokens that follow those before.</summary>
    public CompletionLogprobsWire Next(IReadOnlyList<TokenReading> tokens)
    {
        List<int> offsets = new(tokens.Count);
        foreach (var token in tokens)
        {
            offsets.Add(_characters);
            var bytes = TokenText.Of(tokenizer, token.Id).Bytes ?? [];
            var letters = new char[_utf8.GetCharCount(bytes, flush: false)];
            _characters += _utf8.GetChars(bytes, letters, flush: false);
        }
        return new([.. tokens.Select(token => TextOf(token.Id))], [.. tokens.Select(token => TokenWires.Log(token.LogProbability))],
            [.. tokens.Select(BestOf)], offsets);
    }

    string TextOf(int id) => TokenText.Of(tokenizer, id).Text;

    /// <summary>The token itself is there even where others are more probable, as OpenAI has it.</summary>
    Dictionary<string, double> BestOf(TokenReading token)
    {
        Dictionary<string, double> best = [];
        foreach (var chance in token.Best.Append(new(token.Id, token.LogProbability)))
            best.TryAdd(TextOf(chance.Id), TokenWires.Log(chance.LogProbability));
        return best;
    }
}
