using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>The sentences of the prompts in a schema's language, as prompts-zh.json and prompts-en.json have them.</summary>
/// <remarks>A change needs another Version, because answers belong to the words that they answer.</remarks>
sealed record PromptTexts
{
    public const int Version = 1;

    static readonly PromptTexts Chinese = Read("zh"), English = Read("en");

    public required string Language { get; init; }
    public required string WriterRole { get; init; }
    public required string Task { get; init; }
    public required string AllIntents { get; init; }
    public required string Colon { get; init; }
    public required string OnlyIntent { get; init; }
    public required string Rules { get; init; }
    public required string Examples { get; init; }
    public required string Demands { get; init; }
    public required string Count { get; init; }
    public required string LengthPart { get; init; }
    public required string Characters { get; init; }
    public required string Words { get; init; }
    public required string Style { get; init; }
    public required string Form { get; init; }
    public required string Variety { get; init; }
    public required string Avoid { get; init; }
    public required string Answer { get; init; }
    public required string JudgeRole { get; init; }
    public required string JudgeTask { get; init; }
    public required string NoIntent { get; init; }
    public required string Questions { get; init; }
    public required string JudgeAnswer { get; init; }
    public required IReadOnlyList<string> Styles { get; init; }

    public static PromptTexts Of(SchemaLanguage language) => language == SchemaLanguage.Chinese ? Chinese : English;

    /// <summary>The fixed sentences: a question that contains one of them is no question of a user.</summary>
    public IEnumerable<string> Sentences =>
        [WriterRole, Task, AllIntents, Rules, Examples, Demands, Form, Variety, Avoid, JudgeRole, JudgeTask];

    static PromptTexts Read(string language) =>
        JsonSerializer.Deserialize<PromptTexts>(Resource.Text($"Authoring.prompts-{language}.json"), JsonSerializerOptions.Web)!;
}
