using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Reads the chat_template that a model was published with, a Jinja program, only for the marks that our templates have.</summary>
sealed class PublishedTemplate
{
    public const string JinjaName = "chat_template.jinja";
    const string JsonName = "chat_template.json", Key = "chat_template";

    readonly string _text;

    PublishedTemplate(string file, string text) => (File, _text) = (file, text);

    /// <summary>The file in which it stands.</summary>
    public string File { get; }

    /// <summary>Returns null when the folder has no template.</summary>
    /// <exception cref="UserErrorException">A file is no text or JSON, or the template is of another kind.</exception>
    public static PublishedTemplate? Find(string folder)
    {
        var jinja = Path.Combine(folder, JinjaName);
        if (System.IO.File.Exists(jinja)) return new(jinja, TextFile.Read(jinja));
        return ((string[])[JsonName, TokenizerConfig.FileName])
            .Select(name => InJson(Path.Combine(folder, name))).FirstOrDefault(found => found is not null);
    }

    static PublishedTemplate? InJson(string path)
    {
        if (!System.IO.File.Exists(path)) return null;
        using var json = JsonFile.Read(path);
        if (!JsonFile.Object(json.RootElement, path).TryGetProperty(Key, out var value)
            || value.ValueKind == JsonValueKind.Null) return null;
        // The value is one text, or a list of {"name", "template"}.
        return value.ValueKind switch
        {
            JsonValueKind.String => new(path, value.GetString()!),
            JsonValueKind.Array => new(path, string.Concat(
                value.EnumerateArray().Index().Select(item => TextOf(item.Item, item.Index, path)))),
            _ => throw new UserErrorException($"{path}: {Key}: expected a text, got {JsonBinding.Shown(value)}"),
        };
    }

    static string TextOf(JsonElement item, int index, string path) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("template", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new UserErrorException($"{path}: {Key}[{index}]: expected an object with \"name\" and \"template\", got " +
                $"{JsonBinding.Shown(item)}");

    /// <summary>The names of our templates whose marks it has.</summary>
    public IReadOnlyList<string> Candidates => [.. TemplateDefinition.All.Where(IsLike).Select(template => template.Name)];

    public bool IsLike(string name) => TemplateDefinition.All.FirstOrDefault(t => t.Name == name) is { } template && IsLike(template);

    /// <summary>Says whether a text stands in it, as it is or as a string of the program.</summary>
    public bool Says(string text) =>
        _text.Contains(text, StringComparison.Ordinal) || _text.Contains(text.Replace("\n", "\\n"), StringComparison.Ordinal);

    bool IsLike(TemplateDefinition template)
    {
        var marks = MarksOf(template);
        return marks.Count > 0 && marks.All(_text.Contains) && (!template.Reasons || _text.Contains("<think>"));
    }

    /// <summary>Returns the tokens around a user's turn; without any, the words there.</summary>
    internal static IReadOnlySet<string> MarksOf(TemplateDefinition template)
    {
        var tokens = template.User.Where(part => part.Kind == TemplatePartKind.Token).Select(part => part.Value).ToHashSet();
        return tokens.Count > 0 ? tokens : template.User.Where(part => part.Kind == TemplatePartKind.Text)
            .SelectMany(part => part.Value.Split("{content}")).Select(text => text.Trim()).Where(text => text.Length > 0).ToHashSet();
    }
}
