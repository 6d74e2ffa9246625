using FinIntent.Files;

namespace FinIntent.Intents;

/// <summary>Names the language of the words around a question.</summary>
enum SchemaLanguage { Chinese, English }

/// <summary>Says what a model answers.</summary>
enum LabelKind
{
    /// <summary>The answer is a letter, A to Z, of 2 to 26 intents.</summary>
    Letters,
    /// <summary>The answer is the name of one of 2 to 200 intents.</summary>
    Names,
}

/// <summary>Is an intent of a schema.</summary>
/// <param name="Borderline">The rules that tell it from its neighbours.</param>
sealed record Intent(string Name, string Description, IReadOnlyList<string> Examples, IReadOnlyList<string> Borderline)
{
    /// <summary>Says that the intent stands for all questions that belong to none of the others; at most one of a schema does.</summary>
    public bool IsOutOfScope { get; init; }
}

/// <summary>Holds the intents that questions may have, how a model is asked, and what it answers (docs/intents.md).</summary>
sealed record IntentSchema
{
    const string BuiltIn = "Intents.openfindata.yaml";

    internal const int FewestIntents = 2, MostLetters = 26, MostNames = 200;

    internal IntentSchema(string name, SchemaLanguage language, LabelKind labels, PromptWording wording, IReadOnlyList<Intent> intents)
    {
        (Name, Language, Labels, Wording, Intents) = (name, language, labels, wording, intents);
        string[] names = [.. intents.Select(i => i.Name)];
        Options = labels == LabelKind.Letters ? IntentOptions.Lettered(names) : IntentOptions.Named(names);
    }

    /// <summary>The word that files and data sets are named with.</summary>
    public string Name { get; }
    public SchemaLanguage Language { get; }
    public LabelKind Labels { get; }
    public PromptWording Wording { get; }
    public IReadOnlyList<Intent> Intents { get; }

    /// <summary>The intents as a question's options, in the schema's order.</summary>
    public IReadOnlyList<IntentOption> Options { get; }

    /// <summary>The place among the options of the intent that stands for "none of the others"; null where the schema has none.</summary>
    public int? OutOfScopeOption => Intents.Index().Where(i => i.Item.IsOutOfScope).Select(i => (int?)i.Index).FirstOrDefault();

    /// <summary>OpenFinData's five intents, as config/intents/openfindata.yaml describes them.</summary>
    public static IntentSchema OpenFinData { get; } = ReadBuiltIn();

    /// <exception cref="UserErrorException">The file is no schema: the message names the line, the key and what is allowed.</exception>
    public static IntentSchema Load(string path)
    {
        if (!Path.Exists(path)) throw new UserErrorException($"{path}: there is no such file; `finintent init` writes one");
        return IntentSchemaFile.Read(TextFile.Read(path), path);
    }

    public IntentPrompt Prompt(string question) => IntentPrompt.For(question, Options, Wording);

    /// <summary>Returns the label that a word means: an intent's label, its name, or its name in other capitals; null when none.</summary>
    public string? LabelFor(string word)
    {
        word = word.Trim();
        return (Options.FirstOrDefault(o => o.Label == word) ?? Options.FirstOrDefault(o => o.Name == word)
            ?? Options.FirstOrDefault(o => o.Name.Equals(word, StringComparison.OrdinalIgnoreCase)))?.Label;
    }

    /// <summary>Returns the end of a message about a word that is no intent: the name that was probably meant.</summary>
    internal string Hint(string word) => EditDistance.Hint(word, [.. Intents.Select(i => i.Name)]);

    static IntentSchema ReadBuiltIn() => IntentSchemaFile.Read(Resource.Text(BuiltIn), "openfindata.yaml");
}
