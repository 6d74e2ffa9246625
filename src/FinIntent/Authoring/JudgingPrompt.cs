using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Authoring;

/// <summary>What a judge says about a question.</summary>
/// <param name="Intent">The intent's number in the schema; null means none of them.</param>
sealed record Verdict(int? Intent, string Reason);

/// <summary>Asks which intents questions have, without telling which they were written for.</summary>
static class JudgingPrompt
{
    public static string NameOf(PromptTexts texts) => $"judge-{texts.Language}-{PromptTexts.Version}";

    /// <param name="order">The intents' numbers in the order they are listed: a place in the list must not speak for an intent.</param>
    public static Conversation For(IntentSchema schema, IReadOnlyList<int> order, IReadOnlyList<string> questions)
    {
        var texts = PromptTexts.Of(schema.Language);
        var text = new StringBuilder(texts.JudgeTask).Append("\n\n").Append(texts.AllIntents);
        foreach (var intent in order.Select(i => schema.Intents[i]))
        {
            text.Append("\n- ").Append(WritingPrompt.Described(intent, texts).ReplaceLineEndings(" "));
            foreach (var rule in intent.Borderline) text.Append("\n  - ").Append(rule.ReplaceLineEndings(" "));
        }
        text.Append("\n\n").Append(texts.Questions);
        foreach (var (i, question) in questions.Index()) text.Append(CultureInfo.InvariantCulture, $"\n{i + 1}. {question}");
        text.Append("\n\n").AppendFormat(CultureInfo.InvariantCulture, texts.JudgeAnswer, texts.NoIntent);
        return new(texts.JudgeRole, [new("user", text.ToString())]);
    }

    /// <summary>Returns an answer's verdicts by the questions' places; items that name no question or no intent are left out.</summary>
    public static IReadOnlyDictionary<int, Verdict> Read(string answer, IntentSchema schema, int questions)
    {
        var none = PromptTexts.Of(schema.Language).NoIntent;
        Dictionary<int, Verdict> verdicts = [];
        foreach (var item in JsonObjects.In(answer, "n").Objects)
        {
            var number = JsonObjects.Text(item, "n");
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n < 1 || n > questions) continue;
            if (JsonObjects.Text(item, "intent")?.Trim() is not { } name) continue;
            var intent = NumberOf(schema, name);
            if (intent is null && !name.Contains(none, StringComparison.OrdinalIgnoreCase)) continue;
            verdicts[n - 1] = new(intent, JsonObjects.Text(item, "reason")?.ReplaceLineEndings(" ").Trim() ?? "");
        }
        return verdicts;
    }

    /// <summary>Returns the number of an intent by its name, whatever the case; null when there is none.</summary>
    internal static int? NumberOf(IntentSchema schema, string name)
    {
        for (var i = 0; i < schema.Intents.Count; i++)
            if (schema.Intents[i].Name.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase)) return i;
        return null;
    }
}
