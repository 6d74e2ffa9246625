using System.Text.Json;

namespace FinIntent.Intents;

/// <summary>
/// The intent questions of OpenFinData (https://github.com/open-compass/OpenFinData), items of
/// {"id", "question", "A" … "E", "answer"}. Its notice allows evaluation only, so nothing may train on them or choose a checkpoint by them.
/// </summary>
public static class OpenFinData
{
    const string OfficialWording = "你是一个意图情绪助手";

    public static IReadOnlyList<EvaluationQuestion> Read(string path)
    {
        var rows = JsonRowFile.Read(path);
        if (rows.Count == 0) throw new UserErrorException($"{path}: the file has no items");
        return [.. rows.Select(row => IsItem(row.Row)
            ? Question(row.Row, row.Place)
            : throw new UserErrorException($"{row.Place}: not an OpenFinData item {{\"id\", \"question\", \"A\" …, \"answer\"}}"))];
    }

    /// <summary>Whether an object has the item form: a question, an answer, and options under their letters.</summary>
    public static bool IsItem(JsonElement row) =>
        row.ValueKind == JsonValueKind.Object && row.TryGetProperty("question", out _) && row.TryGetProperty("answer", out _)
        && row.TryGetProperty("A", out _) && row.TryGetProperty("B", out _);

    /// <summary>Whether an object is an intent item of OpenFinData: the item form with its five options in any order, whatever the words around the question.</summary>
    public static bool IsIntentItem(JsonElement row) =>
        IsItem(row) && IntentOptions.OpenFinData.All(option => row.EnumerateObject().Any(p =>
            p.Name.Length == 1 && p.Value.ValueKind == JsonValueKind.String && p.Value.GetString() == option.Name));

    /// <summary>Whether a prompt is in the official words, with the five intents listed in it as they are there.</summary>
    public static bool IsIntentPrompt(string text) =>
        text.Contains(OfficialWording + "。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]", StringComparison.Ordinal);

    /// <summary>The item as a question in the words that training uses.</summary>
    internal static EvaluationQuestion Question(JsonElement row, string place)
    {
        List<IntentOption> options = [];
        for (var letter = 'A'; letter <= 'Z' && row.TryGetProperty(letter.ToString(), out _); letter++)
            options.Add(new(letter.ToString(), EvaluationQuestion.Text(row, letter.ToString(), place)));
        var id = EvaluationQuestion.Text(row, "id", place);
        if (id.Length == 0) throw new UserErrorException($"{place}: the item has no \"id\"");
        var question = Asked(EvaluationQuestion.Text(row, "question", place));
        if (question.Length == 0) throw new UserErrorException($"{place}: the item has no \"question\"");
        var gold = EvaluationQuestion.Label(EvaluationQuestion.Text(row, "answer", place), "answer", options, place);
        return new(id, question, options, gold, IntentPrompt.For(question, options));
    }

    // The official text is an instruction and, behind "问句:", what the user asked.
    static string Asked(string text)
    {
        const string Mark = "问句:";
        var at = text.IndexOf(Mark, StringComparison.Ordinal);
        return at < 0 ? text : text[(at + Mark.Length)..];
    }
}
