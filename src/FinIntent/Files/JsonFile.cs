using System.Text.Encodings.Web;

namespace FinIntent.Files;

/// <summary>JSON as this program's files hold it: characters of any script stand as they are, lines end in \n on every system.</summary>
static class JsonFile
{
    /// <summary>One value on one line, for files with a value a line.</summary>
    public static JsonSerializerOptions Line { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>A value a person may read, with an indented line for each key.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };

    /// <summary>Writes a file that is there whole or not at all.</summary>
    public static void Write(string path, JsonNode json) => AtomicFile.WriteText(path, json.ToJsonString(Indented) + "\n");

    /// <summary>Writes a file that is read again: it says in which format it is. The object itself is not changed.</summary>
    public static void Write(string path, JsonObject json, FormatVersion format) => Write(path, format.Stamp(json.DeepClone().AsObject()));

    /// <summary>Reads such a file.</summary>
    /// <exception cref="UserErrorException">As the other <see cref="Read(string)"/>, or the file is in a newer format.</exception>
    public static JsonDocument Read(string path, FormatVersion format)
    {
        var json = Read(path);
        format.Check(path, json.RootElement);
        return json;
    }

    /// <exception cref="UserErrorException">The file cannot be read or is not JSON: the message has file and line.</exception>
    public static JsonDocument Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}:{e.LineNumber + 1}: not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
