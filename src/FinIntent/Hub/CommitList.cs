using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Keeps the list of a commit's files in the cache; without it nothing tells whether all of the commit is there.</summary>
static class CommitList
{
    /// <summary>The list as a file of its own.</summary>
    public static string ToText(IEnumerable<ListedFile> files) =>
        FormatVersion.CommitList.Stamp(new() { ["files"] = ToJson(files) }).ToJsonString();

    public static JsonArray ToJson(IEnumerable<ListedFile> files) =>
        [.. files.Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["size"] = file.Size })];

    /// <summary>Returns the files of a list, of which format 1 had nothing else. Null: it is no list, or one in a newer format.</summary>
    public static IReadOnlyList<ListedFile>? Files(JsonNode? json)
    {
        if (!FormatVersion.CommitList.Reads(json)) return null;
        if (json is JsonObject file) json = file["files"];
        try
        {
            return json is JsonArray list ? [.. list.Select(file => new ListedFile((string)file!["path"]!, (long?)file["size"]))] : null;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException or ArgumentException)
        {
            return null;
        }
    }

    public static JsonNode? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // the hub is then asked for the list once more
        }
    }

    /// <summary>Writes the file; in a cache that only others may write it does nothing.</summary>
    public static void WriteWherePossible(string path, string text)
    {
        try
        {
            AtomicFile.WriteText(path, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
