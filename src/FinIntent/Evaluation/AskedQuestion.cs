using System.Text.Json;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Evaluation;

/// <summary>A question whose answer is wanted, perhaps with options and a known answer.</summary>
public sealed record AskedQuestion(string Id, string Question, Conversation Conversation)
{
    public IReadOnlyList<IntentOption>? Options { get; init; }

    public string? Gold { get; init; }

    /// <summary>A user's words, put into a schema's instruction when one is given.</summary>
    public static AskedQuestion Of(string id, string question, IntentSchema? schema)
    {
        if (schema is null) return new(id, question, new(null, [new("user", question)]));
        var prompt = schema.Prompt(question);
        return new(id, question, new(null, [new("user", prompt.Text)])) { Options = prompt.Options };
    }

    /// <summary>
    /// Questions of a file: .txt with one a line; .json or .jsonl rows that are Alpaca rows, OpenFinData items, or have a "question". A row
    /// without an id is called by its number.
    /// </summary>
    /// <exception cref="UserErrorException">A row is none of these; the message names it.</exception>
    public static IReadOnlyList<AskedQuestion> Load(string path, IntentSchema? schema)
    {
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file");
        List<AskedQuestion> questions = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".txt" => [.. File.ReadLines(path).Where(line => !string.IsNullOrWhiteSpace(line)).Select((line, i) => Of($"{i + 1}", line.Trim(), schema))],
            ".json" or ".jsonl" => [.. JsonRowFile.Read(path).Select((row, i) => OfRow(row.Row, row.Place, i + 1, schema))],
            var other => throw new UserErrorException($"{path}: questions are read from .txt, .json or .jsonl, not {other}"),
        };
        if (questions.Count == 0) throw new UserErrorException($"{path}: there are no questions in it");
        if (questions.GroupBy(q => q.Id).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserErrorException($"{path}: {twice.Count()} questions have the id \"{twice.Key}\"");
        return questions;
    }

    static AskedQuestion OfRow(JsonElement row, string place, int number, IntentSchema? schema)
    {
        if (row.ValueKind != JsonValueKind.Object) throw new UserErrorException($"{place}: a question must be an object");
        if (OpenFinData.IsItem(row)) return OfEvaluation(OpenFinData.Question(row, place));
        var id = row.TryGetProperty("id", out _) ? EvaluationQuestion.Text(row, "id", place) : $"{number}";
        if (EvaluationQuestion.Text(row, "question", place) is { Length: > 0 } question) return Of(id, question, schema);
        var text = string.Join('\n', new[] { "instruction", "input" }.Select(key => EvaluationQuestion.Text(row, key, place)).Where(part => part.Length > 0));
        if (text.Length == 0) throw new UserErrorException($"{place}: neither \"question\" nor \"instruction\" has a text");
        return new(id, text, new(EvaluationQuestion.Text(row, "system", place), [.. History(row, place), new("user", text)]));
    }

    static AskedQuestion OfEvaluation(EvaluationQuestion q) =>
        new(q.Id, q.Question, new(q.System, [new("user", q.Prompt.Text)])) { Options = q.Options, Gold = q.Gold };

    /// <summary>Alpaca's pairs of question and answer that came before.</summary>
    static IEnumerable<Message> History(JsonElement row, string place)
    {
        if (!row.TryGetProperty("history", out var history) || history.ValueKind != JsonValueKind.Array) yield break;
        foreach (var pair in history.EnumerateArray())
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String))
                throw new UserErrorException($"{place}: \"history\" must be a list of [question, answer] pairs");
            yield return new("user", pair[0].GetString()!);
            yield return new("assistant", pair[1].GetString()!);
        }
    }
}
