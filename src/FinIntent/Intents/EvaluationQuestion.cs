using System.Text.Json;

namespace FinIntent.Intents;

/// <summary>A question with a known answer, one of its options' labels. Prompt is what the model is asked, word for word.</summary>
public sealed record EvaluationQuestion(
    string Id, string Question, IReadOnlyList<IntentOption> Options, string Gold, IntentPrompt Prompt, string? System = null)
{
    static readonly string[] GoldKeys = ["gold", "intent", "label"];

    /// <summary>Questions of an Alpaca or OpenFinData file (.json list or .jsonl), recognised by their keys; with a schema also rows {"id"?, "question", "gold"}.</summary>
    /// <param name="schema">Its prompt is what such rows are asked with, and their gold (also called intent or label) is one of its labels or names.</param>
    public static IReadOnlyList<EvaluationQuestion> Load(string path, IntentSchema? schema = null)
    {
        var rows = JsonRowFile.Read(path);
        if (rows.Count == 0) throw new UserErrorException($"{path}: the file has no questions");
        List<EvaluationQuestion> questions = new(rows.Count);
        foreach (var (place, row) in rows)
        {
            if (row.ValueKind != JsonValueKind.Object)
                throw new UserErrorException($"{place}: a question must be an object, not {row.ValueKind.ToString().ToLowerInvariant()}");
            questions.Add(OpenFinData.IsItem(row) ? OpenFinData.Question(row, place)
                : IsGoldRow(row) ? FromGold(row, place, questions.Count, schema) : FromAlpaca(row, place, questions.Count, schema));
        }
        RefuseRepeatedIds(path, questions);
        return questions;
    }

    /// <summary>A user's words as a question of a schema.</summary>
    /// <param name="intent">An intent's label or name.</param>
    /// <param name="key">What the intent is called at its place.</param>
    public static EvaluationQuestion Of(string id, string question, string intent, IntentSchema schema, string key, string place)
    {
        if (question.Length == 0) throw new UserErrorException($"{place}: the question is empty; write one, or remove the row");
        var gold = schema.LabelFor(intent) ?? throw new UserErrorException(
            $"{place}: \"{key}\" is \"{intent}\", which is no intent of {schema.Name}; did you mean \"{schema.NearestName(intent)}\"?");
        return new(id, question, schema.Options, gold, schema.Prompt(question));
    }

    static bool IsGoldRow(JsonElement row) =>
        row.TryGetProperty("question", out _) && !row.TryGetProperty("instruction", out _) && GoldKeys.Any(key => row.TryGetProperty(key, out _));

    static EvaluationQuestion FromGold(JsonElement row, string place, int index, IntentSchema? schema)
    {
        if (schema is null) throw new UserErrorException($"{place}: the row names its intent and not the options; give intent_schema, the file with all intents");
        var key = GoldKeys.First(k => row.TryGetProperty(k, out _));
        var id = row.TryGetProperty("id", out _) ? Text(row, "id", place) : index.ToString();
        return Of(id, Text(row, "question", place), Text(row, key, place), schema, key, place);
    }

    static EvaluationQuestion FromAlpaca(JsonElement row, string place, int index, IntentSchema? schema)
    {
        if (!row.TryGetProperty("instruction", out _) || !row.TryGetProperty("output", out _))
        {
            var keys = string.Join(", ", row.EnumerateObject().Select(p => p.Name));
            throw new UserErrorException($"{place}: neither an Alpaca row (instruction, input, output) nor an OpenFinData item (id, question, A …, answer); its keys are {keys}");
        }
        if (row.TryGetProperty("history", out var history) && history.ValueKind == JsonValueKind.Array && history.GetArrayLength() > 0)
            throw new UserErrorException($"{place}: a question to evaluate must have no history; remove the key");
        var text = string.Join('\n', new[] { Text(row, "instruction", place), Text(row, "input", place) }.Where(part => part.Length > 0));
        var prompt = IntentPrompt.Parse(text, schema?.Wording)
            ?? throw new UserErrorException($"{place}: the instruction has no options; write them as lines \"A. name\", \"B. name\" …, or \"- name\" where names are the answers");
        if (prompt.Options.GroupBy(o => o.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserErrorException($"{place}: the option \"{twice.Key}\" is listed {twice.Count()} times; options must differ");
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
