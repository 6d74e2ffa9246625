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
        if (json is not JsonArray list) return null;
        List<ListedFile> files = [];
        foreach (var item in list)
        {
            if (item is not JsonObject entry || Text(entry["path"]) is not { } path || !HubListing.IsSafe(path)) return null;
            if (entry["size"] is { } size && Number(size) is not >= 0) return null;
            files.Add(new(path, Number(entry["size"])));
        }
        return files;
    }

    /// <summary>Returns a text; null for anything else.</summary>
    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Returns a whole number; null for anything else.</summary>
    public static long? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long number) ? number : null;

    public static JsonNode? Read(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            using var json = JsonFile.Read(path);
            return JsonSerializer.SerializeToNode(json.RootElement);
        }
        catch (Exception e) when (e is UserErrorException or IOException or UnauthorizedAccessException)
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
