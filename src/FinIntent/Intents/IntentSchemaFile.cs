using FinIntent.Files;

namespace FinIntent.Intents;

/// <summary>Reads a schema's YAML, and refuses what a model could not be asked with.</summary>
static class IntentSchemaFile
{
    static readonly string[] Keys = ["name", "language", "labels", "instruction", "intents"];
    static readonly string[] IntentKeys = ["name", "description", "examples", "borderline", "out_of_scope"];

    public static IntentSchema Read(string yaml, string path) =>
        YamlFile.Map(YamlFile.Parse(yaml, path), path) is { Children.Count: > 0 } root ? Schema(new(path, root))
            : throw new UserErrorException($"{path}: expected the keys {string.Join(", ", Keys)}");

    static IntentSchema Schema(YamlPlace file)
    {
        file.RefuseUnknown(Keys);
        var language = file.Choice("language", ("zh", SchemaLanguage.Chinese), ("en", SchemaLanguage.English));
        var labels = file.Choice("labels", ("letters", LabelKind.Letters), ("names", LabelKind.Names));
        var name = file.Required("name");
        if (name.Any(c => !char.IsLetterOrDigit(c) && c is not ('-' or '_')))
            throw file.Error("name", $"\"{name}\" is a word for files and data sets; use letters, digits, - and _ only");
        var intents = file.Maps("intents").Select(Intent).ToList();
        Check(file, labels, intents);
        var wording = PromptWording.Of(language, labels);
        if (file.Text("instruction") is { } instruction) wording = wording with { Text = instruction.TrimEnd('\n') };
        var schema = new IntentSchema(name, language, labels, wording, [.. intents.Select(i => i.Intent)]);
        if (file.Text("instruction") is not null) CheckInstruction(file, schema);
        return schema;
    }

    static (Intent Intent, YamlPlace Place) Intent(YamlPlace map)
    {
        map.RefuseUnknown(IntentKeys);
        Intent intent = new(map.Required("name"), map.Text("description")?.Trim() ?? "", map.Texts("examples"), map.Texts("borderline"));
        return (intent with { IsOutOfScope = map.Text("out_of_scope") is not null && IsTrue(map, "out_of_scope") }, map);
    }

    static bool IsTrue(YamlPlace map, string key) => map.Choice(key, ("true", true), ("false", false));

    static void Check(YamlPlace file, LabelKind labels, List<(Intent Intent, YamlPlace Place)> intents)
    {
        var most = labels == LabelKind.Letters ? IntentSchema.MostLetters : IntentSchema.MostNames;
        if (intents.Count < IntentSchema.FewestIntents || intents.Count > most)
        {
            var mayBeNames = intents.Count is > IntentSchema.MostLetters and <= IntentSchema.MostNames;
            throw file.Error("intents", $"there are {intents.Count}, and labels: {labels.ToString().ToLowerInvariant()} allows " +
                $"{IntentSchema.FewestIntents} to {most}{(mayBeNames ? "; use labels: names for up to 200" : "")}");
        }
        if (intents.Where(i => i.Intent.IsOutOfScope).Take(2).ToList() is [var first, var second])
            throw second.Place.Error("out_of_scope", $"\"{first.Intent.Name}\" at line {first.Place.Line} is it, too; " +
                "one intent can stand for all other questions, so mark one");
        Dictionary<string, YamlPlace> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (var (intent, place) in intents)
        {
            if (intent.Name.AsSpan().IndexOfAny('\r', '\n') >= 0)
                throw place.Error("name", $"\"{intent.Name.ReplaceLineEndings("\\n")}\" has a line break; a name is one line");
            if (labels == LabelKind.Names && intent.Name is [>= 'A' and <= 'Z'])
                throw place.Error("name",
                    $"\"{intent.Name}\" is a letter, and labels: names answers by names; give it a name, or use labels: letters");
            if (!seen.TryAdd(intent.Name, place))
                throw place.Error("name", $"\"{intent.Name}\" is the name of the intent at line {seen[intent.Name].Line}, too; " +
                    "names must differ by more than capitals");
        }
    }

    static void CheckInstruction(YamlPlace file, IntentSchema schema)
    {
        const string question = "?!";
        var text = schema.Wording.Text;
        foreach (var place in (string[])["{question}", "{options}", "{labels}"])
            if (text.Split(place).Length > 2)
                throw file.Error("instruction", $"{place} occurs {text.Split(place).Length - 1} times; write it once");
        if (schema.Labels == LabelKind.Names && text.Contains("{labels}", StringComparison.Ordinal))
            throw file.Error("instruction",
                "{labels} is for labels: letters; with labels: names the options are the names already, so remove it");
        try
        {
            // Rows are read back from their text, so the options must be found in it.
            var found = IntentPrompt.Parse(schema.Prompt(question).Text, schema.Wording);
            if (found is null || found.Question != question || !found.Options.SequenceEqual(schema.Options))
                throw file.Error("instruction",
                    "{options} must stand on a line of its own, and no other line may look like an option (\"A. …\", \"- …\")");
        }
        catch (UserErrorException e) when (!e.Message.Contains(": instruction: ", StringComparison.Ordinal))
        {
            throw file.Error("instruction", e.Message);
        }
    }
}
