using System.Text.Json;
using FinIntent.EmbeddedModel.Teaching;
using FinIntent.Text;

namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>Rows as ids: documents end to end and cut, or LLaMA-Factory's template default with the answer as labels.</summary>
sealed class TokenRows
{
    const int Ignored = -100;

    readonly Tokenizer _tokenizer;
    readonly int _endOfText;
    readonly int[] _newLine;
    readonly int[] _assistant;

    public TokenRows(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _endOfText = tokenizer.EosTokenId ?? throw new UserErrorException("the tokenizer names no eos_token in tokenizer_config.json");
        (_newLine, _assistant) = (tokenizer.Encode("\n"), tokenizer.Encode("\nAssistant:"));
    }

    public IEnumerable<(int[] InputIds, int[] Labels)> Read(string path, int cutoff)
    {
        List<int> pending = [];
        foreach (var line in File.ReadLines(path))
        {
            using var document = JsonDocument.Parse(line);
            if (!document.RootElement.TryGetProperty("text", out var text))
            {
                yield return Supervised(document.Deserialize<AlpacaRow>(JsonLine.Options)!, cutoff);
                continue;
            }
            _tokenizer.Encode(text.GetString()!, pending);
            pending.Add(_endOfText);
            for (; pending.Count >= cutoff; pending.RemoveRange(0, cutoff))
            {
                int[] block = [.. pending.Take(cutoff)];
                yield return (block, block);
            }
        }
    }

    public int[] Prompt(string user) => [.. _tokenizer.Encode($"Human: {user}"), _endOfText, .. _assistant];

    (int[] InputIds, int[] Labels) Supervised(AlpacaRow row, int cutoff)
    {
        var prompt = Prompt(row.Prompt);
        int[] answer = [.. _tokenizer.Encode(row.Output), _endOfText, .. _newLine];
        // Rows of this tool are short; one that is not loses its beginning, for the answer is what is learnt.
        var start = Math.Max(0, prompt.Length + answer.Length - cutoff);
        int[] ids = [.. prompt.AsSpan(start), .. answer];
        return (ids, [.. Enumerable.Repeat(Ignored, prompt.Length - start), .. answer]);
    }
}
