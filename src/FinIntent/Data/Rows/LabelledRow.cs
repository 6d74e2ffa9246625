using System.Text.Json;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Rows;

/// <summary>A row that asks one question and knows its intent.</summary>
/// <param name="Conversation">As it is trained on: the prompt, and the label as its answer.</param>
/// <param name="Question">What the user asked, without the words around it.</param>
/// <param name="Intent">The name behind the label; where the prompt lists no options, the label.</param>
sealed record LabelledRow(SourceRow Source, Conversation Conversation, string Question, string Intent)
{
    public string Place => Source.Place;

    public string Label => Conversation.Messages[^1].Content;
}

/// <summary>Reads a file of any known form as labelled rows.</summary>
static class LabelledRows
{
    static readonly string[] IntentColumns = ["intent", "label", "gold"];

    /// <summary>A file, or the name of a data set in a folder's dataset_info.json.</summary>
    /// <param name="fetch">The files of a data set that comes from a hub, given the folder of dataset_info.json and its name; null: they are not fetched.</param>
    public static IReadOnlyList<LabelledRow> Find(
        string word, string datasetFolder, IntentSchema? schema, Func<string, string, IReadOnlyDictionary<string, IReadOnlyList<string>>>? fetch = null)
    {
        if (File.Exists(word) || Directory.Exists(word)) return Read(word, schema);
        if (datasetFolder != DatasetRegistry.Online && !File.Exists(DatasetRegistry.FileIn(datasetFolder)))
            throw new UserErrorException($"{word}: no such file, and {datasetFolder} has no {DatasetRegistry.FileName} that could name a data set; give a file, or --dataset-dir");
        var entry = DatasetRegistry.Open(datasetFolder, fetch?.Invoke(datasetFolder, word)).Get(word);
        return Read(entry.Path, schema, entry);
    }

    /// <param name="schema">For rows that name their intent and list no options, and for an instruction without a mark before its question.</param>
    /// <param name="entry">Which column is what; null: told by the columns there are.</param>
    public static IReadOnlyList<LabelledRow> Read(string path, IntentSchema? schema, DatasetEntry? entry = null)
    {
        List<LabelledRow> rows = [.. (entry?.Files ?? [path]).SelectMany(file => DataFile.Read(file)).Select(row => Of(row, schema, entry))];
        if (rows.Count == 0) throw new UserErrorException($"{path}: the file has no rows");
        var without = rows.Index().Where(r => r.Item.Question.Length == 0).ToList();
        var questions = PromptQuestions.Of([.. without.Select(r => r.Item.Conversation.Messages[^2].Content)]);
        foreach (var (i, (index, row)) in without.Index()) rows[index] = row with { Question = questions[i] };
        return rows;
    }

    /// <summary>Rows of two columns, a question and its intent, as questions of a schema.</summary>
    /// <param name="intentColumn">Null: intent, label or gold, whichever there is.</param>
    public static IReadOnlyList<EvaluationQuestion> Convert(string path, IntentSchema schema, string questionColumn = "question", string? intentColumn = null)
    {
        List<EvaluationQuestion> questions = [];
        foreach (var row in DataFile.Read(path))
        {
            if (OpenFinData.IsIntentItem(row.Columns)) throw row.Error(Dataset.Refusal);
            var column = intentColumn ?? IntentColumns.FirstOrDefault(name => row[name] is not null) ?? IntentColumns[0];
            var (question, intent) = (Needed(row, questionColumn).Trim(), Needed(row, column));
            questions.Add(EvaluationQuestion.Of($"{questions.Count}", question, intent, schema, column, row.Place));
        }
        return questions.Count > 0 ? questions : throw new UserErrorException($"{path}: the file has no rows");
    }

    static string Needed(SourceRow row, string column) => row.Text(column)
        ?? throw row.Error($"no column \"{column}\"; the row has {string.Join(", ", row.Columns.EnumerateObject().Select(p => p.Name))}: name the right one with --question or --intent");

    static LabelledRow Of(SourceRow row, IntentSchema? schema, DatasetEntry? entry)
    {
        if (entry is null && OpenFinData.IsItem(row.Columns)) return Of(row, OpenFinData.Question(row.Columns, row.Place));
        if (entry is null && row["question"] is not null && row["instruction"] is null && IntentColumns.FirstOrDefault(name => row[name] is not null) is { } column)
        {
            var (question, intent) = (row.Text("question")!.Trim(), row.Text(column)!);
            return schema is not null ? Of(row, EvaluationQuestion.Of("", question, intent, schema, column, row.Place))
                : new(row, new(null, [new("user", question), new("assistant", intent)]), question, intent);
        }
        return Of(row, entry is null ? RowPrompts.Conversation(row) : RowFormats.Align(row, entry), schema);
    }

    static LabelledRow Of(SourceRow row, EvaluationQuestion question) =>
        new(row, new(null, [new("user", question.Prompt.Text), new("assistant", question.Gold)]), question.Question, question.Options.First(o => o.Label == question.Gold).Name);

    static LabelledRow Of(SourceRow row, AlignedRow aligned, IntentSchema? schema)
    {
        if (aligned.Conversation is not { Messages: [_, var answer] messages } conversation)
            throw row.Error($"{aligned.Problem ?? "it is not one question with one answer"}; a labelled row has a prompt and a label");
        var label = answer.Content.Trim();
        if (label.Length == 0 || label.AsSpan().IndexOfAny('\r', '\n') >= 0) throw row.Error($"its answer, \"{Short(label)}\", is not a label");
        var prompt = IntentPrompt.Parse(messages[0].Content, schema?.Wording);
        var option = prompt?.Options.FirstOrDefault(o => o.Label == label);
        if (prompt is not null && option is null) throw row.Error($"its answer is \"{Short(label)}\", which is none of the options {Short(string.Join(", ", prompt.Options.Select(o => o.Label)))}");
        return new(row, conversation with { Messages = [messages[0], answer with { Content = label }] }, prompt?.Question ?? "", option?.Name ?? label);
    }

    static string Short(string text) => text.Length <= 60 ? text.ReplaceLineEndings(" ") : text[..60].ReplaceLineEndings(" ") + "…";
}
