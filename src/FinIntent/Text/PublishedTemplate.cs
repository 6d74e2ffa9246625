namespace FinIntent.Text;

/// <summary>Reads the chat_template that a model was published with, a Jinja program, only for the marks that our templates have.</summary>
sealed class PublishedTemplate
{
    const string JinjaFile = "chat_template.jinja", JsonFile = "chat_template.json", Key = "chat_template";

    readonly string _text;

    PublishedTemplate(string file, string text) => (File, _text) = (file, text);

    /// <summary>The file in which it stands.</summary>
    public string File { get; }

    /// <summary>Returns null when the folder has no template.</summary>
    public static PublishedTemplate? Find(string folder)
    {
        var jinja = Path.Combine(folder, JinjaFile);
        if (System.IO.File.Exists(jinja)) return new(jinja, System.IO.File.ReadAllText(jinja));
        return ((string[])[JsonFile, TokenizerConfig.FileName])
            .Select(name => InJson(Path.Combine(folder, name))).FirstOrDefault(found => found is not null);
    }

    static PublishedTemplate? InJson(string path)
    {
        if (!System.IO.File.Exists(path)) return null;
        try
        {
            using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(Key, out var value)) return null;
            // The value is one text, or a list of {"name", "template"}.
            return value.ValueKind switch
            {
                JsonValueKind.String => new(path, value.GetString()!),
                JsonValueKind.Array => new(path, string.Concat(
                    value.EnumerateArray().Select(t => t.TryGetProperty("template", out var text) ? text.GetString() : ""))),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null; // the reader of the tokenizer's files has already told this
        }
    }

    /// <summary>The names of our templates whose marks it has.</summary>
    public IReadOnlyList<string> Candidates => [.. TemplateDefinition.All.Where(IsLike).Select(template => template.Name)];

    public bool IsLike(string name) => TemplateDefinition.All.FirstOrDefault(t => t.Name == name) is { } template && IsLike(template);

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
