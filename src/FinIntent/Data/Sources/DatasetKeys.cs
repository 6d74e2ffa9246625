using System.Reflection;
using System.Text.Json.Serialization;
using FinIntent.Files;

namespace FinIntent.Data.Sources;

/// <summary>Looks at the names of the keys in an entry of dataset_info.json.</summary>
/// <remarks>LLaMA-Factory's loader passes over keys that it does not know (data/parser.py, DatasetAttr), and old files have some that it
/// no longer knows, such as file_sha1. So an unknown key is an error only where it was probably meant to be one that is missing.
/// In columns and tags, which say what is read, every key must be known.</remarks>
static class DatasetKeys
{
    static readonly string[] Known = KeysOf(typeof(DatasetEntry));
    static readonly string[] Columns = KeysOf(typeof(DatasetColumns)), Tags = KeysOf(typeof(DatasetTags));

    /// <summary>Words that are tried for keys which are not near them in spelling.</summary>
    static readonly Dictionary<string, string> Meant = new()
    {
        ["format"] = "formatting",
        ["path"] = "file_name",
        ["file"] = "file_name",
        ["files"] = "file_name",
        ["file_path"] = "file_name",
        ["column_names"] = "columns",
        ["tag_names"] = "tags",
    };

    /// <exception cref="UserErrorException">A key was probably meant to be another, or is no column or tag.</exception>
    public static void Check(JsonElement entry, Func<string, UserErrorException> error)
    {
        if (entry.ValueKind != JsonValueKind.Object) return;
        var given = entry.EnumerateObject().Select(key => key.Name).ToHashSet();
        foreach (var key in given.Except(Known))
        {
            var meant = Meant.GetValueOrDefault(key) ?? EditDistance.Nearest(key, Known);
            if (meant is not null && !given.Contains(meant))
                throw error($"unknown key \"{TerminalText.Short(key)}\"; did you mean \"{meant}\"?");
        }
        CheckMap(entry, "columns", Columns, error);
        CheckMap(entry, "tags", Tags, error);
    }

    static void CheckMap(JsonElement entry, string map, string[] known, Func<string, UserErrorException> error)
    {
        if (!entry.TryGetProperty(map, out var json) || json.ValueKind != JsonValueKind.Object) return;
        foreach (var key in json.EnumerateObject().Select(key => key.Name).Except(known))
        {
            // Before there were tags, columns named the keys of a message.
            var hint = known == Columns && Tags.Contains($"{key}_tag") ? $"; {key}_tag of tags says it"
                : EditDistance.Nearest(key, known) is { } meant ? $"; did you mean \"{meant}\"?"
                : $"; known are {string.Join(", ", known)}";
            throw error($"{map}: unknown key \"{TerminalText.Short(key)}\"{hint}");
        }
    }

    static string[] KeysOf(Type type) => [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite && property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
        .Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name))];
}
