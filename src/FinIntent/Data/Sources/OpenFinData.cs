using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Data.Sources;

/// <summary>Reads OpenFinData's intent questions, items {"id", "question", "A" … "E", "answer"}.</summary>
/// <remarks>Its notice allows evaluation only, so nothing may train on them or choose a checkpoint by them.
/// https://github.com/open-compass/OpenFinData</remarks>
static class OpenFinData
{
    const string OfficialWording = "你是一个意图情绪助手";

    /// <summary>Reads a file that has items only.</summary>
    public static IReadOnlyList<EvaluationQuestion> Read(string path)
    {
        List<EvaluationQuestion> questions = [.. DataFile.Read(path).Select(row => IsItem(row)
            ? Question(row)
            : throw row.Error("not an OpenFinData item {\"id\", \"question\", \"A\" …, \"answer\"}"))];
        return questions.Count > 0 ? questions : throw new UserErrorException($"{path}: the file has no items");
    }

    /// <summary>Says whether a row has the item form: a question, an answer, and options under their letters.</summary>
    public static bool IsItem(SourceRow row)
    {
        string[] columns = ["question", "answer", "A", "B"];
        return columns.All(column => row.Columns.TryGetProperty(column, out _));
    }

    /// <summary>Says whether a row is an intent item: the item form with the five options in any order, whatever the words.</summary>
    public static bool IsIntentItem(SourceRow row) =>
        IsItem(row) && IntentOptions.OpenFinData.All(option => row.Columns.EnumerateObject().Any(p =>
            p.Name.Length == 1 && p.Value.ValueKind == JsonValueKind.String && p.Value.GetString() == option.Name));

    /// <summary>Says whether a prompt is in the official words, with the five intents listed in it as they are there.</summary>
    public static bool IsIntentPrompt(string text) =>
        text.Contains(OfficialWording + "。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]", StringComparison.Ordinal);

    /// <summary>Returns the item as a question in the words that training uses.</summary>
    /// <exception cref="UserErrorException">The item has no id, no question or no right answer.</exception>
    public static EvaluationQuestion Question(SourceRow row)
    {
        List<IntentOption> options = [];
        for (var letter = 'A'; letter <= 'Z' && row.Word($"{letter}") is { } name; letter++) options.Add(new($"{letter}", name));
        var id = row.Word("id") is { Length: > 0 } given ? given : throw row.Error("the item has no \"id\"");
        var question = Asked(row.Word("question") ?? "");
        if (question.Length == 0) throw row.Error("the item has no \"question\"");
        var answer = row.Word("answer") ?? "";
        var gold = AnswerReading.Read(answer, ReadingRule.Strict, options)
            ?? throw row.Error(
                $"\"answer\" is \"{answer}\", which is none of the options {string.Join(", ", options.Select(o => o.Label))}");
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
