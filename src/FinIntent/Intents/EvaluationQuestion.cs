using System.Text.Json;

namespace FinIntent.Intents;

/// <summary>A question with a known answer, one of its options' labels. Prompt is what the model is asked, word for word.</summary>
public sealed record EvaluationQuestion(
    string Id, string Question, IReadOnlyList<IntentOption> Options, string Gold, IntentPrompt Prompt, string? System = null)
{
    /// <summary>Questions of an Alpaca or OpenFinData file (.json list or .jsonl), recognised by their keys.</summary>
    public static IReadOnlyList<EvaluationQuestion> Load(string path)
    {
        var rows = JsonRowFile.Read(path);
        if (rows.Count == 0) throw new UserErrorException($"{path}: the file has no questions");
        List<EvaluationQuestion> questions = new(rows.Count);
        foreach (var (place, row) in rows)
        {
            if (row.ValueKind != JsonValueKind.Object)
                throw new UserErrorException($"{place}: a question must be an object, not {row.ValueKind.ToString().ToLowerInvariant()}");
            questions.Add(OpenFinData.IsItem(row) ? OpenFinData.Question(row, place) : FromAlpaca(row, place, questions.Count));
        }
        RefuseRepeatedIds(path, questions);
        return questions;
    }

    static EvaluationQuestion FromAlpaca(JsonElement row, string place, int index)
    {
        if (!row.TryGetProperty("instruction", out _) || !row.TryGetProperty("output", out _))
        {
            var keys = string.Join(", ", row.EnumerateObject().Select(p => p.Name));
            throw new UserErrorException($"{place}: neither an Alpaca row (instruction, input, output) nor an OpenFinData item (id, question, A …, answer); its keys are {keys}");
        }
        if (row.TryGetProperty("history", out var history) && history.ValueKind == JsonValueKind.Array && history.GetArrayLength() > 0)
            throw new UserErrorException($"{place}: a question to evaluate must have no history; remove the key");
        var text = string.Join('\n', new[] { Text(row, "instruction", place), Text(row, "input", place) }.Where(part => part.Length > 0));
        var prompt = IntentPrompt.Parse(text)
            ?? throw new UserErrorException($"{place}: the instruction has no options; write them as lines \"A. name\", \"B. name\" …, or \"- name\" where names are the answers");
        var id = row.TryGetProperty("id", out _) ? Text(row, "id", place) : index.ToString();
        var system = Text(row, "system", place);
        return new(id, prompt.Question, prompt.Options, Label(Text(row, "output", place), "output", prompt.Options, place), prompt, system.Length > 0 ? system : null);
    }

    /// <summary>A string or number as text; an absent or null key is the empty text.</summary>
    internal static string Text(JsonElement row, string key, string place)
    {
        if (!row.TryGetProperty(key, out var value)) return "";
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Null => "",
            _ => throw new UserErrorException($"{place}: \"{key}\" must be text, not {value.ValueKind.ToString().ToLowerInvariant()}"),
        };
    }

    internal static string Label(string answer, string key, IReadOnlyList<IntentOption> options, string place) =>
        AnswerReading.Read(answer, ReadingRule.Strict, options)
            ?? throw new UserErrorException($"{place}: \"{key}\" is \"{answer}\", which is none of the options {string.Join(", ", options.Select(o => o.Label))}");

    static void RefuseRepeatedIds(string path, List<EvaluationQuestion> questions)
    {
        HashSet<string> seen = [];
        foreach (var question in questions)
            if (!seen.Add(question.Id)) throw new UserErrorException($"{path}: two questions have the id \"{question.Id}\"; ids must differ");
    }
}
