using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FinIntent.Tests.Authoring;

/// <summary>
/// Plays a model that writes and judges Chinese rows, by the prompt alone: the same prompt gets the same answer. Questions are characters
/// drawn from the
/// prompt's hash, of the lengths that were asked for, so that they are unlike each other unless they are meant to be alike.
/// </summary>
sealed partial class ScriptedModel
{
    readonly ConcurrentDictionary<string, string> _intents = [];

    /// <summary>What becomes of an answer's items: the prompt's random draws, the items, and the answer's text.</summary>
    public Func<Random, JsonArray, string> Form { get; set; } = (_, items) => items.ToJsonString();

    /// <summary>What a judge says instead of the intent that a question was written for; null: that one.</summary>
    public Func<string, string?> Objection { get; set; } = _ => null;

    /// <summary>Questions that a judge leaves out of its answers.</summary>
    public Func<string, bool> Forgets { get; set; } = _ => false;

    /// <summary>Written in place of a drawn question when not null.</summary>
    public Func<Random, string?> Instead { get; set; } = _ => null;

    public static bool IsJudging(string prompt) => prompt.Contains("请判断每个问句", StringComparison.Ordinal);

    public string Answer(string prompt) => IsJudging(prompt) ? Judge(prompt) : Write(prompt);

    string Write(string prompt)
    {
        var random = new Random(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(prompt))));
        var intent = Wanted().Match(prompt).Groups[1].Value;
        var items = new JsonArray();
        foreach (Match part in LengthParts().Matches(prompt))
        {
            var (least, most, count) = (Number(part, 1), Number(part, 2), Number(part, 3));
            for (var i = 0; i < count; i++)
            {
                var question = Instead(random) ?? Question(random, random.Next(least, most + 1));
                _intents[question] = intent;
                items.Add(new JsonObject { ["question"] = question, ["intent"] = intent });
            }
        }
        return Form(random, items);
    }

    string Judge(string prompt)
    {
        var items = new JsonArray();
        foreach (Match line in Numbered().Matches(prompt[prompt.IndexOf("问句：", StringComparison.Ordinal)..]))
        {
            var question = line.Groups[2].Value;
            if (Forgets(question)) continue;
            items.Add(new JsonObject
            {
                ["n"] = Number(line, 1),
                ["intent"] = Objection(question) ?? _intents[question],
                ["reason"] = "看问的是什么"
            });
        }
        return "```json\n" + items.ToJsonString() + "\n```";
    }

    static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    /// <summary>Characters of the block that common ones are in.</summary>
    public static string Question(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => (char)random.Next(0x4E00, 0x9000)));

    [GeneratedRegex("\"intent\": \"([^\"]+)\"\\}")]
    private static partial Regex Wanted();

    [GeneratedRegex(@"(\d+)-(\d+) 的 (\d+) 条")]
    private static partial Regex LengthParts();

    [GeneratedRegex(@"^(\d+)\. (.+)$", RegexOptions.Multiline)]
    private static partial Regex Numbered();
}
