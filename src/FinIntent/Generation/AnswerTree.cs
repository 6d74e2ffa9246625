namespace FinIntent.Generation;

/// <summary>Lays out the answers of questions as a tree: where answers branch, the model is asked once for what may follow.</summary>
sealed class AnswerTree
{
    readonly List<int[]> _rows = [];
    readonly List<(int Row, int Token)> _outputs = [];
    readonly List<(int Output, int Id, int Question, int Option)> _asked = [];
    readonly List<int> _roots = [];

    /// <summary>The rows of token ids that the model reads.</summary>
    public IReadOnlyList<int[]> Rows => _rows;

    /// <summary>The tokens behind which the model is asked, each once.</summary>
    public IReadOnlyList<(int Row, int Token)> Outputs => _outputs;

    /// <summary>Every token of every answer, with the output that predicts it.</summary>
    public IReadOnlyList<(int Output, int Id, int Question, int Option)> Asked => _asked;

    /// <summary>The output of each question's first token, which stands where the answer is asked.</summary>
    public IReadOnlyList<int> Roots => _roots;

    public void Add(int number, OptionQuestion question)
    {
        var length = question.Prompt.Length + question.Answers.Lead.Length;
        Dictionary<string, int> rows = [], outputs = [];
        foreach (var row in RowsOf(question))
        {
            rows[Key(row.AsSpan(length))] = _rows.Count;
            _rows.Add(row);
        }
        foreach (var (option, tail) in question.Answers.Tails.Index())
        {
            var row = rows[Key(tail.AsSpan(..^1))];
            for (var t = 0; t < tail.Length; t++)
            {
                var key = Key(tail.AsSpan(0, t));
                if (!outputs.TryGetValue(key, out var output))
                {
                    outputs[key] = output = _outputs.Count;
                    _outputs.Add((row, length + t - 1));
                }
                _asked.Add((output, tail[t], number, option));
            }
        }
        _roots.Add(outputs[Key([])]);
    }

    /// <summary>Returns the question with each answer up to its last token, which need not be read; each row occurs once.</summary>
    public static IReadOnlyList<int[]> RowsOf(OptionQuestion question)
    {
        int[] beginning = [.. question.Prompt, .. question.Answers.Lead];
        return [.. question.Answers.Tails.DistinctBy(tail => Key(tail.AsSpan(..^1)))
            .Select(tail => (int[])[.. beginning, .. tail[..^1]])];
    }

    /// <summary>Returns the number of tokens of the longest of these rows.</summary>
    public static int LongestRow(OptionQuestion question) =>
        question.Prompt.Length + question.Answers.Lead.Length + question.Answers.Tails.Max(tail => tail.Length) - 1;

    static string Key(ReadOnlySpan<int> ids) => string.Join(' ', ids.ToArray());
}
