using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FinIntent.Files;

namespace FinIntent.EmbeddedModel;

static class JsonLine
{
    public static JsonSerializerOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes lines to a file that appears when the last one is written; returns how many.</summary>
    public static int Write(string path, IEnumerable<string> lines)
    {
        var count = 0;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
            foreach (var line in lines)
            {
                writer.WriteLine(line);
                count++;
            }
        });
        return count;
    }
}
