namespace FinIntent.Intents;

/// <summary>Holds the words around a question and its options, with the places {question}, {options} and, for letters, {labels}.</summary>
/// <param name="Between">The words between letters, and before the last one.</param>
sealed record PromptWording(string Text, (string Comma, string Or) Between)
{
    const string Question = "{question}", Options = "{options}", Labels = "{labels}";

    static readonly (string, string) ChineseList = ("、", "或"), EnglishList = (", ", " or ");

    /// <summary>The seed's instruction: what training rows and converted OpenFinData items have.</summary>
    public static PromptWording Chinese { get; } = new(
        "作为一个意图情绪助手，请分析以下问句的意图类型。\n\n问句: {question}\n\n请从以下选项中选择最合适的意图类型：\n{options}\n\n请仅回答选项字母（{labels}）。", ChineseList);

    public static PromptWording ChineseNames { get; } = new(
        "作为一个意图分类助手，请分析以下问句的意图类型。\n\n问句: {question}\n\n请从以下意图中选择最合适的一个：\n{options}\n\n请仅回答意图名称。", ChineseList);

    public static PromptWording English { get; } = new(
        "You are an intent classifier. Decide what the following message is about.\n\nQuestion: {question}\n\nChoose the best " +
            "option:\n{options}\n\nAnswer with the letter only ({labels}).", EnglishList);

    public static PromptWording EnglishNames { get; } = new(
        "You are an intent classifier. Decide what the following message is about.\n\nQuestion: {question}\n\nChoose the best " +
            "intent:\n{options}\n\nAnswer with the intent's name only.", EnglishList);

    /// <summary>Returns the words for a schema that brings none of its own.</summary>
    public static PromptWording Of(SchemaLanguage language, LabelKind labels) => (language, labels) switch
    {
        (SchemaLanguage.Chinese, LabelKind.Letters) => Chinese,
        (SchemaLanguage.Chinese, _) => ChineseNames,
        (_, LabelKind.Letters) => English,
        _ => EnglishNames,
    };

    internal static IReadOnlyList<PromptWording> All { get; } = [Chinese, ChineseNames, English, EnglishNames];

    /// <summary>The words before the question, between it and the options, and behind these.</summary>
    internal (string Before, string Middle, string After) Parts
    {
        get
        {
            int question = Text.IndexOf(Question, StringComparison.Ordinal), options = Text.IndexOf(Options, StringComparison.Ordinal);
            if (question < 0 || options < question)
                throw new UserErrorException(
                    $"the instruction must have the places {Question} and, behind it, {Options}; it is \"{Text}\"");
            return (Text[..question], Text[(question + Question.Length)..options], Text[(options + Options.Length)..]);
        }
    }

    internal string After(IReadOnlyList<IntentOption> options) =>
        Parts.After.Replace(Labels,
            $"{string.Join(Between.Comma, options.SkipLast(1).Select(o => o.Label))}{Between.Or}{options[^1].Label}");
}
