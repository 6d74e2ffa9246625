using FinIntent.Text;

namespace FinIntent.Intents;

/// <summary>Holds intents that a model tells apart, and the words that it is asked in. Records of runs and exports carry it.</summary>
/// <param name="Name">The word that callers choose it by where a model knows several.</param>
sealed record LabelSet(string Name, PromptWording Wording, IReadOnlyList<IntentOption> Options)
{
    /// <summary>The system text of its prompts; null means the template's own.</summary>
    public string? System { get; init; }

    /// <summary>Returns the prompt that asks for a text's intent.</summary>
    public IntentPrompt Prompt(string text) => IntentPrompt.For(text, Options, Wording);

    /// <summary>Returns the conversation whose answer is the label: earlier turns as they were said, then the prompt.</summary>
    /// <param name="history">A user's message and the answer to it, in turn.</param>
    public Conversation Conversation(string text, IReadOnlyList<Message>? history = null) =>
        new(System, [.. history ?? [], new("user", Prompt(text).Text)]);

    /// <param name="system">The system text that the model is asked with.</param>
    public static LabelSet Of(IntentSchema schema, string? system = null) =>
        new(schema.Name, Closed(schema.Wording, schema.Options), schema.Options) { System = system };

    /// <summary>Writes the list of labels into the wording, so that it reads the same without the schema's language.</summary>
    static PromptWording Closed(PromptWording wording, IReadOnlyList<IntentOption> options)
    {
        var (before, middle, _) = wording.Parts;
        return new($"{before}{{question}}{middle}{{options}}{wording.After(options)}", wording.Between);
    }

    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["system"] = System,
        ["instruction"] = Wording.Text,
        ["options"] = new JsonArray(
            [.. Options.Select(o => (JsonNode)new JsonObject { ["label"] = o.Label, ["name"] = o.Name })]),
    };

    /// <summary>Reads the sets of a record.</summary>
    /// <param name="path">The record's file, for messages.</param>
    /// <exception cref="UserErrorException">They are not what <see cref="ToJson"/> writes.</exception>
    public static IReadOnlyList<LabelSet> ReadAll(JsonArray sets, string path)
    {
        try
        {
            return [.. sets.Select(set => Read(set!.AsObject()))];
        }
        catch (Exception e) when (e is InvalidOperationException or NullReferenceException or UserErrorException)
        {
            throw new UserErrorException($"{path}: label_sets is damaged: {e.Message}; name the schema's file instead", e);
        }
    }

    static LabelSet Read(JsonObject set)
    {
        List<IntentOption> options = [.. set["options"]!.AsArray().Select(o => new IntentOption(Text(o!, "label")!, Text(o!, "name")!))];
        PromptWording wording = new(Text(set, "instruction")!, PromptWording.Chinese.Between);
        _ = wording.Parts; // refuses an instruction without its places
        return options.Count >= IntentSchema.FewestIntents
            ? new(Text(set, "name")!, wording, options) { System = Text(set, "system") }
            : throw new UserErrorException($"a set has {options.Count} options; it needs {IntentSchema.FewestIntents}");

        static string? Text(JsonNode node, string key) => node[key]?.GetValue<string>();
    }
}
