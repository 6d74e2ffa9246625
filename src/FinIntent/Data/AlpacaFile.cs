using System.Text.Encodings.Web;
using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Intents;

namespace FinIntent.Data;

/// <summary>A JSON list of {"instruction", "input", "output"}.</summary>
static class AlpacaFile
{
    static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, IReadOnlyList<EvaluationQuestion> questions) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartArray();
        foreach (var question in questions)
        {
            json.WriteStartObject();
            json.WriteString("instruction", question.Prompt.Text);
            json.WriteString("input", "");
            json.WriteString("output", question.Gold);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        stream.WriteByte((byte)'\n');
    });
}
