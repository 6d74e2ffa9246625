using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs.Starter;

/// <summary>Writes the YAML files of a starting folder from the templates in its language, templates.zh.txt or templates.en.txt.</summary>
/// <remarks>In a template «path FILE» stands for the path of a file of the folder, «quoted FILE» for the same as a YAML scalar.</remarks>
sealed partial class StarterYaml(StarterFolder folder, IReadOnlyList<StarterRow> rows)
{
    bool IsChinese => folder.Language == SchemaLanguage.Chinese;

    /// <summary>Returns the files with their texts; each begins in the templates with a line "=== FILE".</summary>
    public IEnumerable<(string File, string Text)> Files() =>
        from section in Resource.Text($"Jobs.Starter.templates.{(IsChinese ? "zh" : "en")}.txt").Split("=== ")[1..]
        let end = section.IndexOf('\n')
        let file = section[..end]
        select (file, Placeholder().Replace(section[(end + 1)..], ValueOf) + (file == StarterFolder.SchemaFile ? Intents() : ""));

    string ValueOf(Match placeholder) => placeholder.Groups[1].Value switch
    {
        "name" => folder.Name,
        "language" => IsChinese ? "zh" : "en",
        "labels" => folder.Labels == LabelKind.Letters ? "letters" : "names",
        "model" => Quoted(folder.Model.Replace('\\', '/')),
        "template" => folder.Template,
        "adapter" => Quoted(folder.Path("saves/lora")),
        "folder" => Quoted(folder.Path("").TrimEnd('/')),
        "rows" => $"{100 * rows.Select(row => row.Intent).Distinct().Count()}",
        var path when path.StartsWith("path ", StringComparison.Ordinal) => folder.Path(path["path ".Length..]),
        var path => Quoted(folder.Path(path["quoted ".Length..])),
    };

    /// <summary>Returns the list of intents, each with a description to replace and two of its training rows as examples.</summary>
    string Intents()
    {
        var text = new StringBuilder();
        foreach (var group in rows.GroupBy(row => row.Intent))
        {
            var description = IsChinese ? $"问{group.Key}的问题。（请改成一两句定义）"
                : $"Questions about {group.Key}. (Replace this by a definition of one or two sentences.)";
            text.Append($"  - name: {Quoted(group.Key)}\n    description: {Quoted(description)}\n    examples:\n");
            foreach (var row in group.Where(row => row.Split == "train").Take(2)) text.Append($"      - {Quoted(row.Question)}\n");
            if (group.Key != rows[0].Intent) continue;
            var rules = IsChinese ? "与相邻意图的边界，一行一条；生成数据时用" : "rules against neighbours, one a line; data generation uses them";
            text.Append($"    # {rules}\n    # borderline:\n    #   - …\n");
        }
        return text.ToString();
    }

    /// <summary>Returns a YAML scalar: the text as it stands where nothing in it could be taken for YAML, else in quotes.</summary>
    static string Quoted(string text) => Plain().IsMatch(text) && text.Any(char.IsLetter)
        && text.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off" or "null")
            ? text : JsonSerializer.Serialize(text, JsonFile.Line);

    [GeneratedRegex("«([^»]+)»")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^[\p{L}\p{Nd}]([\p{L}\p{Nd} _\-/.,，。？?（）()']*[\p{L}\p{Nd}_\-/.,，。？?（）()'])?\z")]
    private static partial Regex Plain();
}
