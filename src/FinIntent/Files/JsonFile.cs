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

    /// <summary>Reads a file that holds one value.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or is not the JSON that <see cref="JsonText"/> demands.</exception>
    public static JsonDocument Read(string path) => JsonText.Parse(TextFile.Utf8(path), path);

    /// <summary>Reads a file that holds one object, as nodes that can be changed.</summary>
    /// <exception cref="UserErrorException">As <see cref="Read(string)"/>, or the value is no object.</exception>
    public static JsonObject ReadObject(string path)
    {
        using var json = Read(path);
        return JsonObject.Create(Object(json.RootElement, path).Clone())!;
    }

    /// <summary>Reads a file into a type; see <see cref="JsonBinding.Bind"/>.</summary>
    public static T Read<T>(string path, JsonSerializerOptions options, FormatVersion? format = null)
    {
        using var json = format is null ? Read(path) : Read(path, format);
        return JsonBinding.Bind<T>(json.RootElement, options, path);
    }

    /// <summary>Returns the value itself, which must be an object.</summary>
    public static JsonElement Object(JsonElement json, string path) => json.ValueKind == JsonValueKind.Object ? json
        : throw new UserErrorException($"{path}: expected an object {{\"key\": value, …}}, got {JsonBinding.Shown(json)}");
}
