using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs.Starter;

sealed record StarterRow(string Split, string Intent, string Question);

/// <summary>The rows of a starting folder.</summary>
static class StarterRows
{
    // Long and unlike each other, so that rows of different files are no near duplicates whatever the name.
    static readonly (string Split, string Pattern)[] English =
    [
        ("train", "Hello there, could somebody in your team help me with {0} please?"),
        ("train", "my problem this morning: {0}, I do not know what to do about it"),
        ("train", "{0} - where would I find that on your web pages?"),
        ("val", "Quick enquiry regarding {0}, thanks very much in advance!"),
        ("eval", "Since yesterday evening I've been trying to sort out {0} without any luck"),
    ];

    static readonly (string Split, string Pattern)[] Chinese =
    [
        ("train", "你好，请帮我看看{0}这件事应该怎样处理才好"),
        ("train", "今天遇到的麻烦是{0}，急需有人告诉我下一步"),
        ("train", "关于{0}，在手机软件的哪个页面能够找到呢"),
        ("val", "打扰一下，{0}方面想做个简单了解，谢谢客服"),
        ("eval", "从昨晚开始折腾{0}到现在都没弄明白，烦死了"),
    ];

    /// <summary>Returns five intents with rows as people ask.</summary>
    public static IReadOnlyList<StarterRow> Samples(SchemaLanguage language) =>
        [.. Resource.Rows($"Jobs.Starter.samples.{(language == SchemaLanguage.English ? "en" : "zh")}.tsv")
            .Select(row => new StarterRow(row[0], row[1], row[2]))];

    /// <summary>Makes rows for intents of which only the names are known.</summary>
    public static IReadOnlyList<StarterRow> Placeholders(IReadOnlyList<string> intents, SchemaLanguage language) =>
        [.. from intent in intents
            from pattern in language == SchemaLanguage.English ? English : Chinese
            select new StarterRow(pattern.Split, intent, string.Format(pattern.Pattern, intent))];
}
