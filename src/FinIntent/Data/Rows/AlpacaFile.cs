using System.Text.Json.Serialization;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Rows;

/// <summary>Writes a JSON list of {"instruction", "input", "output"}, with "system" and "history" where a row has them.</summary>
static class AlpacaFile
{
    static readonly JsonSerializerOptions Options = new(JsonFile.Indented) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static void Write(string path, IReadOnlyList<EvaluationQuestion> questions) =>
        Write(path, questions.Select(q => (new Conversation(q.System, q.History), q.Prompt.Text, q.Gold)));

    public static void Write(string path, IReadOnlyList<LabelledRow> rows) =>
        Write(path, rows.Select(row => row.Conversation).Select(all =>
            (all with { Messages = [.. all.Messages.SkipLast(2)] }, all.Messages[^2].Content, all.Messages[^1].Content)));

    static void Write(string path, IEnumerable<(Conversation Before, string Prompt, string Label)> rows) => AtomicFile.Write(path, stream =>
    {
        var written = rows.Select(row => new
        {
            instruction = row.Prompt,
            input = "",
            output = row.Label,
            system = row.Before.System is { Length: > 0 } text ? text : null,
            history = row.Before.Messages.Count > 0 ? row.Before.Messages.Select(message => message.Content).Chunk(2) : null,
        });
        JsonSerializer.Serialize(stream, written, Options);
        stream.WriteByte((byte)'\n');
    });
}
