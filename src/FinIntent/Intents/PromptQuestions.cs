namespace FinIntent.Intents;

/// <summary>Finds what prompts ask, for comparing them: the instruction and options around a question would make all alike.</summary>
static class PromptQuestions
{
    /// <summary>Returns the questions that a wording, or a mark such as 问句:, tells; else the prompt and its lines but options.</summary>
    /// <param name="wording">The words of a schema, for prompts without a mark.</param>
    public static IReadOnlyList<string> Candidates(string prompt, PromptWording? wording = null)
    {
        var marked = IntentPrompt.MarkedIn(prompt, wording);
        if (marked.Count > 0) return marked;
        var lines = Lines(prompt);
        return lines.Count > 1 ? [.. lines.Append(prompt.Trim()).Distinct()] : lines;
    }

    /// <summary>Returns the question of each of a set of prompts: what a mark stands before; else the lines that are no options and, unlike
    /// an instruction, not in half of the prompts or more.</summary>
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
