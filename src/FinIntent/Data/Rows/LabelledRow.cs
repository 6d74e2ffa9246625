using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Text;
using static FinIntent.Files.TerminalText;

namespace FinIntent.Data.Rows;

/// <summary>Holds a row that asks a question, perhaps after others, and knows its intent.</summary>
/// <param name="Conversation">The conversation that is trained on: what was said before, the prompt, and the label as its answer.</param>
/// <param name="Question">The user's words, without those around them; empty where only the other rows of a file can tell.</param>
/// <param name="Intent">The name behind the label or, where the prompt lists no options, the label.</param>
sealed record LabelledRow(SourceRow Source, Conversation Conversation, string Question, string Intent)
{
    /// <summary>The columns that may name a question's intent; where a row has several, the first of them counts.</summary>
    static readonly string[] IntentColumns = ["gold", "intent", "label"];

    /// <summary>The prompt with its options; null where it lists none.</summary>
    public IntentPrompt? Prompt { get; init; }
    public string Place => Source.Place;
    public string Label => Conversation.Messages[^1].Content;

    /// <summary>What was said before the question, a question and its answer in turn.</summary>
    public IReadOnlyList<Message> History => [.. Conversation.Messages.SkipLast(2)];

    /// <summary>All that the user asks, the question last. Rows are alike when this is: alone a later question may mean little.</summary>
    public string Asked => string.Join('\n', History.Where(m => m.Role == "user").Select(m => m.Content).Append(Question));

    /// <summary>Reads a row of any form.</summary>
    /// <param name="schema">Gives rows that only name their intent their options, and tells which words of a prompt are its own.</param>
    /// <param name="entry">Tells which column is what; null means that the columns' names do.</param>
    /// <exception cref="UserErrorException">The row is not one question with one label; the message names its place.</exception>
    public static LabelledRow Of(SourceRow row, IntentSchema? schema, DatasetEntry? entry = null)
    {
        if (entry is not null) return Of(row, RowFormats.Align(row, entry), schema);
        return QuestionRow.FormOf(row) switch
        {
            QuestionForm.OpenFinData => Of(row, OpenFinData.Question(row)),
            QuestionForm.Question => OfColumns(row, schema),
            QuestionForm.Text => throw row.Error($"it has a text and no intent; its columns are {SourceRow.Names(row.Columns)}"),
            _ => Of(row, QuestionRow.Conversation(row), schema),
        };
    }

    /// <summary>Says why a row has no question, or no label; null where it has both.</summary>
    public static string? Untaught(SourceRow row, DatasetEntry? entry = null)
    {
        if (entry is not null) return RowFormats.Align(row, entry).Untaught;
        return QuestionRow.FormOf(row) switch
        {
            QuestionForm.OpenFinData => EmptyOf(row, "question", ["answer"]),
            QuestionForm.Question => EmptyOf(row, "question", IntentColumns),
            QuestionForm.Text => null,
            _ => QuestionRow.Conversation(row).Untaught,
        };
    }

    /// <summary>Says which of two columns that a row does have is empty in it.</summary>
    /// <param name="answer">The column with the answer; null means those that may name an intent.</param>
    public static string? EmptyOf(SourceRow row, string question, string? answer) =>
        EmptyOf(row, question, answer is null ? IntentColumns : [answer]);

    // A row that has none of the columns is wrong in another way, which is told when it is read.
    static string? EmptyOf(SourceRow row, string question, string[] answers)
    {
        if (row.Columns.TryGetProperty(question, out _) && string.IsNullOrWhiteSpace(row.Word(question))) return "the question is empty";
        var there = answers.FirstOrDefault(column => row.Columns.TryGetProperty(column, out _));
        return there is not null && answers.All(column => string.IsNullOrWhiteSpace(row.Word(column)))
            ? $"no answer in column \"{there}\"" : null;
    }

    /// <summary>Finds the column that names a question's intent, and what it says.</summary>
    /// <param name="remedy">Follows the message when there is none.</param>
    /// <exception cref="UserErrorException">No column names an intent, or two columns name different ones.</exception>
    public static (string Column, string Intent) IntentOf(SourceRow row, IntentSchema? schema, string remedy = "")
    {
        var given = IntentColumns.Select(column => (Column: column, Intent: row.Word(column)?.Trim() ?? ""))
            .Where(c => c.Intent.Length > 0).ToList();
        if (given.Count == 0)
            throw row.Error($"no column \"gold\", \"intent\" or \"label\" names the question's intent; the row has " +
                $"{SourceRow.Names(row.Columns)}{remedy}");
        foreach (var other in given.Skip(1).Where(other => Differ(given[0].Intent, other.Intent, schema)))
            throw row.Error($"\"{given[0].Column}\" is \"{given[0].Intent}\" and \"{other.Column}\" is \"{other.Intent}\", two intents " +
                "for one question; keep the right one");
        return given[0];
    }

    /// <summary>Says whether two words mean different intents; without a schema a letter or number is not compared with a name.</summary>
    static bool Differ(string first, string second, IntentSchema? schema)
    {
        if (schema is not null) return schema.LabelFor(second) is { } label && label != schema.LabelFor(first);
        return IsCode(first) == IsCode(second) && !first.Equals(second, StringComparison.OrdinalIgnoreCase);

        static bool IsCode(string word) => word.Length == 1 || word.All(char.IsAsciiDigit);
    }

    static LabelledRow OfColumns(SourceRow row, IntentSchema? schema)
    {
        var question = row.Word("question")!.Trim();
        var (column, intent) = IntentOf(row, schema);
        var history = QuestionRow.History(row);
        if (schema is null) return new(row, new(null, [.. history, new("user", question), new("assistant", intent)]), question, intent);
        return Of(row, EvaluationQuestion.Of("", question, intent, schema, column, row.Place) with { History = history });
    }

    static LabelledRow Of(SourceRow row, EvaluationQuestion question)
    {
        Conversation conversation = new(null, [.. question.History, new("user", question.Prompt.Text), new("assistant", question.Gold)]);
        return new(row, conversation, question.Question, NameOf(question.Gold, question.Options)!) { Prompt = question.Prompt };
    }

    static LabelledRow Of(SourceRow row, AlignedRow aligned, IntentSchema? schema)
    {
        if (aligned is not { Problem: null, Conversation: { Messages: [.., var asked, { Role: "assistant" } answer] } conversation })
            throw row.Error($"{aligned.Problem ?? "it has no answer"}; a labelled row has a prompt and a label");
        var label = answer.Content.Trim();
        if (label.Length == 0 || label.AsSpan().IndexOfAny('\r', '\n') >= 0)
            throw row.Error($"its answer, \"{Short(label)}\", is not a label");
        var prompt = IntentPrompt.Parse(asked.Content, schema?.Wording);
        if (prompt is not null)
        {
            if (prompt.Options.GroupBy(o => o.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw row.Error($"the option \"{twice.Key}\" is listed {twice.Count()} times; options must differ");
            label = AnswerReading.Read(label, ReadingRule.Strict, prompt.Options)
                ?? throw row.Error($"its answer is \"{Short(label)}\", which is none of the options " +
                    $"{Short(string.Join(", ", prompt.Options.Select(o => o.Label)))}");
        }
        conversation = conversation with { Messages = [.. conversation.Messages.SkipLast(1), answer with { Content = label }] };
        return new(row, conversation, prompt?.Question ?? "", NameOf(label, prompt?.Options) ?? label) { Prompt = prompt };
    }

    static string? NameOf(string label, IReadOnlyList<IntentOption>? options) => options?.First(o => o.Label == label).Name;
}
