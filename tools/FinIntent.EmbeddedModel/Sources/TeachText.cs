namespace FinIntent.EmbeddedModel.Sources;

/// <summary>A question with slots such as {stock}, the topic it is about, and where it stands.</summary>
sealed record QuestionTemplate(string Topic, string Text, int Weight, string Place);

/// <summary>
/// The text written for teaching: questions by topic, names for their slots, what topics are called, and how tasks are worded.
/// </summary>
sealed class TeachText
{
    /// <summary>Topics of the five intents; every other topic is there to tell them from.</summary>
    public static IReadOnlyList<string> Intents { get; } = ["stock", "sector", "market", "fund", "service"];

    const int BorderlineWeight = 6, QuestionWeight = 2;

    // The letters of borderline.tsv and questions.tsv, those of every OpenFinData item.
    static readonly Dictionary<string, string> TopicOfLetter = new()
    {
        ["A"] = "sector",
        ["B"] = "stock",
        ["C"] = "market",
        ["D"] = "service",
        ["E"] = "fund",
    };

    readonly string _folder;

    TeachText(string folder)
    {
        _folder = folder;
        Labels = Pairs("labels.tsv").ToDictionary(row => row.Left, row => (IReadOnlyList<string>)row.Right.Split('|'));
        Instructions = [.. Lines("instructions.txt").Select(line => line.Text.Replace("\\n", "\n", StringComparison.Ordinal))];
        Answers = [.. Pairs("dialog.tsv").Select(row => (row.Left, row.Right))];
        Templates = ReadTemplates().GroupBy(t => t.Topic).ToDictionary(g => g.Key, g => (IReadOnlyList<QuestionTemplate>)[.. g]);
        foreach (var topic in Templates.Keys)
            if (!Labels.ContainsKey(topic)) throw new UserErrorException(
                $"{Path.Combine(folder, "labels.tsv")}: no names for the topic \"{topic}\"");
    }

    public IReadOnlyDictionary<string, IReadOnlyList<QuestionTemplate>> Templates { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Labels { get; }

    public IReadOnlyList<string> Instructions { get; }

    /// <summary>Short questions and their answers.</summary>
    public IReadOnlyList<(string Question, string Answer)> Answers { get; }

    public static TeachText Load(string folder) => new(folder);

    /// <summary>The lines of names_KIND.txt.</summary>
    public IReadOnlyList<string> Names(string kind) => [.. Lines($"names_{kind}.txt").Select(line => line.Text)];

    IEnumerable<QuestionTemplate> ReadTemplates()
    {
        foreach (var topic in Intents)
            foreach (var (text, place) in Lines($"{topic}.txt")) yield return new(topic, text, 1, place);
        foreach (var (name, weight) in new[] { ("borderline.tsv", BorderlineWeight), ("questions.tsv", QuestionWeight) })
            foreach (var (letter, text, place) in Pairs(name))
            {
                var topic = TopicOfLetter.GetValueOrDefault(letter)
                    ?? throw new UserErrorException($"{place}: \"{letter}\" is not a letter from A to E");
                yield return new(topic, text, weight, place);
            }
        foreach (var (topic, text, place) in Pairs("other.txt")) yield return new(topic, text, 1, place);
    }

    IEnumerable<(string Left, string Right, string Place)> Pairs(string name)
    {
        foreach (var (text, place) in Lines(name))
        {
            if (text.Split('\t') is not [{ Length: > 0 } left, { Length: > 0 } right]) throw new UserErrorException(
                $"{place}: not two columns with a tab between");
            yield return (left, right, place);
        }
    }

    IEnumerable<(string Text, string Place)> Lines(string name)
    {
        var path = Path.Combine(_folder, name);
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file; --teach names the folder that holds it");
        return File.ReadLines(path).Select((line, i) => (Text: line.Trim(), Place: $"{path}:{i + 1}")).Where(line => line.Text.Length > 0);
    }
}
