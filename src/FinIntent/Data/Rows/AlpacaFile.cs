using System.Text.Encodings.Web;
using System.Text.Json;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Data.Rows;

/// <summary>A JSON list of {"instruction", "input", "output"}.</summary>
static class AlpacaFile
{
    static readonly JsonWriterOptions Options =
        new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, IReadOnlyList<EvaluationQuestion> questions) =>
        Write(path, questions.Select(question => (question.System, question.Prompt.Text, question.Gold)));

    public static void Write(string path, IReadOnlyList<LabelledRow> rows) =>
        Write(path, rows.Select(row => (row.Conversation.System, row.Conversation.Messages[^2].Content, row.Label)));

    static void Write(string path, IEnumerable<(string? System, string Prompt, string Answer)> rows) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartArray();
        foreach (var (system, prompt, answer) in rows)
        {
            json.WriteStartObject();
            json.WriteString("instruction", prompt);
            json.WriteString("input", "");
            json.WriteString("output", answer);
            if (!string.IsNullOrEmpty(system)) json.WriteString("system", system);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        stream.WriteByte((byte)'\n');
    });
}
