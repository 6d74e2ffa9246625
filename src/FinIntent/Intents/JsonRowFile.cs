using System.Text.Json;

namespace FinIntent.Intents;

/// <summary>A small file of JSON rows: one list, or an object a line. (Training files, which can be large, are streamed by Data.)</summary>
static class JsonRowFile
{
    /// <summary>Each row with its place, "file: row 3" or "file:3", for messages.</summary>
    public static IReadOnlyList<(string Place, JsonElement Row)> Read(string path)
    {
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file");
        var text = File.ReadAllText(path);
        return text.AsSpan().TrimStart().StartsWith('[') ? List(path, text) : Lines(path, text);
    }

    static List<(string, JsonElement)> List(string path, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return [.. document.RootElement.EnumerateArray().Select((row, i) => ($"{path}: row {i + 1}", row.Clone()))];
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}:{e.LineNumber + 1}: not valid JSON: {e.Message}", e);
        }
    }

    static List<(string, JsonElement)> Lines(string path, string text)
    {
        List<(string, JsonElement)> rows = [];
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace()) continue;
            try
            {
                using var document = JsonDocument.Parse(line.ToString());
                rows.Add(($"{path}:{number}", document.RootElement.Clone()));
            }
            catch (JsonException e)
            {
                throw new UserErrorException($"{path}:{number}: not valid JSON, and the file does not begin with [ as a list would: {e.Message}", e);
            }
        }
        return rows;
    }
}
