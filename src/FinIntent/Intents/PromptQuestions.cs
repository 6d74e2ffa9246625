namespace FinIntent.Intents;

/// <summary>Finds what prompts ask, for comparing them: the instruction and options around a question would make all alike.</summary>
static class PromptQuestions
{
    /// <summary>
    /// The questions that a wording, or a mark such as 问句:, tells; else every text that may be one: the whole prompt and its lines, without
    /// options.
    /// </summary>
    /// <param name="wording">A schema's, for prompts without a mark.</param>
    public static IReadOnlyList<string> Candidates(string prompt, PromptWording? wording = null)
    {
        var marked = IntentPrompt.MarkedIn(prompt, wording);
        if (marked.Count > 0) return marked;
        var lines = Lines(prompt);
        return lines.Count > 1 ? [.. lines.Append(prompt.Trim()).Distinct()] : lines;
    }

    /// <summary>
    /// The question of each of a set of prompts: what a mark stands before; else the lines that are neither options nor in half of the
    /// prompts or more, as an instruction is.
    /// </summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> prompts, PromptWording? wording = null)
    {
        var counts = new Dictionary<string, int>();
        foreach (var line in prompts.SelectMany(prompt => Lines(prompt).Distinct())) counts[line] = counts.GetValueOrDefault(line) + 1;
        return [.. prompts.Select(prompt =>
        {
            if (IntentPrompt.MarkedIn(prompt, wording) is [.., var last]) return last;
            var own = string.Join('\n', Lines(prompt).Where(line => counts[line] < 2 || 2 * counts[line] < prompts.Count));
            return own.Length > 0 ? own : prompt.Trim();
        })];
    }

    static List<string> Lines(string prompt)
    {
        List<string> lines = [];
        foreach (var line in prompt.AsSpan().EnumerateLines())
        {
            var text = line.Trim();
            if (text.Length > 0 && !IntentPrompt.IsOptionLine(text)) lines.Add(text.ToString());
        }
        return lines;
    }
}
