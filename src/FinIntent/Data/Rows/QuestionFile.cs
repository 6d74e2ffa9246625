using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Rows;

/// <summary>Reads questions from files of every type that <see cref="DataFile"/> knows, in every <see cref="QuestionForm"/>.</summary>
static class QuestionFile
{
    /// <summary>Reads questions whose answers are known.</summary>
    /// <param name="schema">Gives the prompt of rows that name their intent and list no options.</param>
    /// <param name="warn">It is told of rows without a question or answer, which are left out; null means that one is an error.</param>
    /// <exception cref="UserErrorException">A row has no options or no right answer, or two rows have one id.</exception>
    public static IReadOnlyList<EvaluationQuestion> Load(string path, IntentSchema? schema = null, Action<string>? warn = null)
    {
        var rows = LeftOutRows.Without(DataFile.Read(path), row => LabelledRow.Untaught(row), path, warn);
        List<EvaluationQuestion> questions = [.. rows.Select((row, i) => Evaluated(row, i, schema))];
        RefuseRepeatedIds(path, questions.Select(q => q.Id));
        return questions;
    }

    /// <summary>Reads questions that are to be answered.</summary>
    /// <param name="schema">Gives the prompt that questions and texts are put into; null means that they are asked as they are.</param>
    /// <exception cref="UserErrorException">A row asks nothing, or two rows have one id.</exception>
    public static IReadOnlyList<AskedQuestion> LoadAsked(string path, IntentSchema? schema)
    {
        List<AskedQuestion> questions = [.. DataFile.Read(path).Select((row, i) => Asked(row, i + 1, schema))];
        RefuseRepeatedIds(path, questions.Select(q => q.Id));
        return questions;
    }

    /// <summary>Reads rows with a label, for statistics, splits and cards.</summary>
    /// <param name="entry">Tells which column is what; null means that the columns' names do.</param>
    /// <param name="warn">It is told of rows without a question or answer, which are left out; null means that one is an error.</param>
    public static IReadOnlyList<LabelledRow> LoadLabelled(
        string path, IntentSchema? schema, DatasetEntry? entry = null, Action<string>? warn = null)
    {
        var read = (entry?.Files ?? [path]).SelectMany(DataFile.Read);
        List<LabelledRow> rows = [.. LeftOutRows.Without(read, row => LabelledRow.Untaught(row, entry), entry?.Name ?? path, warn)
            .Select(row => LabelledRow.Of(row, schema, entry))];
        if (rows.Count == 0) throw new UserErrorException($"{path}: the file has no rows");
        var without = rows.Index().Where(r => r.Item.Question.Length == 0).ToList();
        var questions = PromptQuestions.Of([.. without.Select(r => r.Item.Conversation.Messages[^2].Content)]);
        foreach (var (i, (index, row)) in without.Index()) rows[index] = row with { Question = questions[i] };
        return rows;
    }

    /// <summary>Reads labelled rows of a file, or of a data set that a folder's dataset_info.json names.</summary>
    /// <param name="fetch">Brings the files of a hub's data set by folder and name; null means that they are not fetched.</param>
    public static IReadOnlyList<LabelledRow> FindLabelled(string word, string datasetFolder, IntentSchema? schema,
        Func<string, string, HubFiles>? fetch = null, Action<string>? warn = null)
    {
        if (File.Exists(word) || Directory.Exists(word)) return LoadLabelled(word, schema, null, warn);
        if (datasetFolder != DatasetRegistry.Online && !File.Exists(DatasetRegistry.FileIn(datasetFolder)))
            throw new UserErrorException($"{word}: no such file, and {datasetFolder} has no {DatasetRegistry.FileName} " +
                "that could name a data set; give a file, or --dataset-dir");
        var entry = DatasetRegistry.Open(datasetFolder, fetch?.Invoke(datasetFolder, word)).Get(word);
        return LoadLabelled(entry.Path, schema, entry, warn);
    }

    /// <summary>Reads a question and its intent from two columns of each row, as questions of a schema.</summary>
    /// <param name="intentColumn">The column with the intent; null means gold, intent or label, whichever there is.</param>
    /// <param name="warn">It is told of rows without a question or intent, which are left out; null means that one is an error.</param>
    public static IReadOnlyList<EvaluationQuestion> Convert(string path, IntentSchema schema, string questionColumn = "question",
        string? intentColumn = null, Action<string>? warn = null)
    {
        const string Remedy = ": name the right one with --question or --intent";
        List<EvaluationQuestion> questions = [];
        Func<SourceRow, string?> emptyOf = row => LabelledRow.EmptyOf(row, questionColumn, intentColumn);
        foreach (var row in LeftOutRows.Without(DataFile.Read(path), emptyOf, path, warn))
        {
            if (OpenFinData.IsIntentItem(row)) throw row.Error(Dataset.Refusal);
            var question = row.Needed(questionColumn, Remedy).Trim();
            var (column, intent) = intentColumn is null ? LabelledRow.IntentOf(row, schema, Remedy)
                : (intentColumn, row.Needed(intentColumn, Remedy));
            questions.Add(EvaluationQuestion.Of($"{questions.Count}", question, intent, schema, column, row.Place) with
            {
                History = QuestionRow.History(row),
            });
        }
        return questions.Count > 0 ? questions : throw new UserErrorException($"{path}: the file has no rows");
    }

    static EvaluationQuestion Evaluated(SourceRow row, int index, IntentSchema? schema)
    {
        var labelled = LabelledRow.Of(row, schema);
        var prompt = labelled.Prompt ?? throw row.Error(QuestionRow.FormOf(row) == QuestionForm.Question
            ? "the row names its intent and not the options; give intent_schema, the file with all intents"
            : "the instruction has no options; write them as lines \"A. name\", \"B. name\" …, or \"- name\" where names are the answers");
        var system = labelled.Conversation.System is { Length: > 0 } text ? text : null;
        return new(IdOf(row) ?? $"{index}", labelled.Question, prompt.Options, labelled.Label, prompt, system)
        {
            History = labelled.History,
        };
    }

    static AskedQuestion Asked(SourceRow row, int number, IntentSchema? schema)
    {
        var id = IdOf(row) ?? $"{number}";
        switch (QuestionRow.FormOf(row))
        {
            case QuestionForm.OpenFinData: return AskedQuestion.Of(OpenFinData.Question(row));
            case QuestionForm.Question: return Words(row.Word("question")!);
            case QuestionForm.Text: return Words(row.Text("text")!);
        }
        var aligned = QuestionRow.Conversation(row);
        if (aligned.Conversation is not { } conversation) throw row.Error(aligned.Problem!);
        var isAnswered = conversation.Messages.Count % 2 == 0;
        IReadOnlyList<Message> asked = [.. conversation.Messages.SkipLast(isAnswered ? 1 : 0)];
        return new(id, NotEmpty(asked[^1].Content), conversation with { Messages = asked });

        AskedQuestion Words(string text) => AskedQuestion.Of(id, NotEmpty(text.Trim()), schema, QuestionRow.History(row));

        string NotEmpty(string text) => text.Length > 0 ? text : throw row.Error("its question is empty; write one, or remove the row");
    }

    static string? IdOf(SourceRow row) => row.Word("id") is { Length: > 0 } id ? id : null;

    static void RefuseRepeatedIds(string path, IEnumerable<string> ids)
    {
        HashSet<string> seen = [];
        foreach (var id in ids)
            if (!seen.Add(id)) throw new UserErrorException($"{path}: two questions have the id \"{id}\"; ids must differ");
        if (seen.Count == 0) throw new UserErrorException($"{path}: the file has no questions");
    }
}
