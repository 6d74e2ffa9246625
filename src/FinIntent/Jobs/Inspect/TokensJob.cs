using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Files;
using FinIntent.Text;

namespace FinIntent.Jobs.Inspect;

/// <summary>Says whether a piece of a row is only read, is trained on, or is trained on in place of the token behind it.</summary>
enum PieceUse { Read, Trained, Replaced }

/// <summary>Is a stretch of a row's text.</summary>
readonly record struct RowPiece(string Text, PieceUse Use);

/// <summary>Is a row as a model reads it.</summary>
/// <param name="Place">The file and the line of the row.</param>
/// <param name="Trained">The number of tokens that are trained on.</param>
sealed record ShownRow(string Place, int Tokens, int Trained, IReadOnlyList<RowPiece> Pieces);

/// <summary>Shows rows as a model reads them: what is trained on and what is not.</summary>
sealed class TokensJob(Tokenizer tokenizer, ChatTemplate template, SupervisedOptions options)
{
    static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    sealed record InspectedRow(int[] InputIds, int[] Labels, int[] PromptIds);

    public static IEnumerable<string> Templates => ChatTemplate.Names;

    /// <summary>What to say of the tokenizer's files; null where there is nothing to say.</summary>
    public string? Note => tokenizer.Note;

    /// <param name="folder">The folder with the model's tokenizer.</param>
    /// <param name="cutoff">The most tokens of a row.</param>
    public static TokensJob Open(string folder, string template, int cutoff, bool trainsOnPrompt, bool masksHistory)
    {
        if (cutoff < 1) throw new UserErrorException($"--cutoff {cutoff}: must be 1 or more");
        var tokenizer = Tokenizer.Load(folder);
        return new(tokenizer, ChatTemplate.Get(template, tokenizer), new(cutoff, trainsOnPrompt, masksHistory));
    }

    /// <param name="data">A file of rows, Alpaca's or conversations, or the name of a data set.</param>
    /// <param name="folder">The folder of the dataset_info.json that names data sets.</param>
    /// <param name="json">A file for the ids, [{input_ids, labels, prompt_ids}]; null writes none.</param>
    /// <exception cref="UserErrorException">A row cannot be trained on, or there is none.</exception>
    public void Run(string data, string folder, string? json, Action<ShownRow> show)
    {
        using var file = json is null ? null : AtomicFile.Begin(json);
        var rows = 0;
        foreach (var (place, conversation) in Conversations(data, folder))
        {
            var row = template.EncodeSupervised(conversation, options);
            show(Shown(place, row));
            if (file is not null)
            {
                file.Stream.Write(rows == 0 ? "[\n"u8 : ",\n"u8);
                JsonSerializer.Serialize(file.Stream,
                    new InspectedRow(row.InputIds, row.Labels, template.EncodePrompt(conversation)), SnakeCase);
            }
            rows++;
        }
        if (rows == 0) throw new UserErrorException($"{data}: the file has no rows");
        file?.Stream.Write("\n]\n"u8);
        file?.Commit();
    }

    static IEnumerable<(string Place, Conversation Conversation)> Conversations(string data, string folder)
    {
        var entry = File.Exists(data) || Directory.Exists(data) ? null : EntryOf(data, folder);
        foreach (var row in (entry?.Files ?? [entry?.Path ?? data]).SelectMany(DataFile.Read))
        {
            var aligned = entry is null ? QuestionRow.Conversation(row) : RowFormats.Align(row, entry);
            if (aligned.Untaught is { } why) throw row.Error($"{why}, so there is nothing to train on; write it, or remove the row");
            yield return (row.Place, aligned.Conversation!);
        }
    }

    static DatasetEntry EntryOf(string name, string folder) => File.Exists(DatasetRegistry.FileIn(folder))
        ? DatasetRegistry.Open(folder).Get(name)
        : throw new UserErrorException($"{name}: no such file, and {folder} has no {DatasetRegistry.FileName} " +
            "that could name a data set; give a file, or --dataset-dir");

    internal ShownRow Shown(string place, TokenRow row) =>
        new(place, row.InputIds.Length, row.Labels.Count(label => label >= 0), PiecesOf(row));

    List<RowPiece> PiecesOf(TokenRow row)
    {
        List<RowPiece> pieces = [];
        var stream = tokenizer.Stream(skipSpecialTokens: false);
        var (text, use) = (new StringBuilder(), PieceUse.Read);
        for (var t = 0; t < row.InputIds.Length; t++)
        {
            var (id, label) = (row.InputIds[t], row.Labels[t]);
            var next = label == id ? PieceUse.Trained : PieceUse.Read;
            var isReplaced = label >= 0 && label != id;
            if (next != use || isReplaced) End();
            if (isReplaced) pieces.Add(new(tokenizer.Decode([label], skipSpecialTokens: false), PieceUse.Replaced));
            use = next;
            text.Append(stream.Append(id));
        }
        text.Append(stream.Finish());
        End();
        return pieces;

        void End()
        {
            if (text.Length > 0) pieces.Add(new(text.ToString(), use));
            text.Clear();
        }
    }
}
