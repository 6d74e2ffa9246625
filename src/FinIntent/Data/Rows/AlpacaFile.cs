using System.Text.Json;
using System.Text.Json.Serialization;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Data.Rows;

/// <summary>Writes a JSON list of {"instruction", "input", "output"}, with "system" where a row has such a text.</summary>
static class AlpacaFile
{
    static readonly JsonSerializerOptions Options = new(JsonFile.Indented) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static void Write(string path, IReadOnlyList<EvaluationQuestion> questions) =>
        Write(path, questions.Select(question => (question.System, question.Prompt.Text, question.Gold)));

    public static void Write(string path, IReadOnlyList<LabelledRow> rows) =>
        Write(path, rows.Select(row => (row.Conversation.System, row.Conversation.Messages[^2].Content, row.Label)));

    static void Write(string path, IEnumerable<(string? System, string Prompt, string Answer)> rows) => AtomicFile.Write(path, stream =>
    {
        var written = rows.Select(row =>
            new { instruction = row.Prompt, input = "", output = row.Answer, system = row.System is { Length: > 0 } text ? text : null });
        JsonSerializer.Serialize(stream, written, Options);
        stream.WriteByte((byte)'\n');
    });
}
