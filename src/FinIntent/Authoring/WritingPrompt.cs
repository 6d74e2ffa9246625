using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Authoring;

/// <summary>The rows that a model is asked for.</summary>
/// <param name="Intent">The intent's number in the schema.</param>
/// <param name="Lengths">The number of rows in each range.</param>
sealed record WritingOrder(int Intent, IReadOnlyList<(LengthRange Range, int Count)> Lengths, string Style)
{
    public int Rows => Lengths.Sum(length => length.Count);
}

/// <summary>Asks for questions of one intent: its description, rules and examples, lengths, a voice, and what is there already.</summary>
static class WritingPrompt
{
    // Above this, descriptions of intents that are not asked for would be most of the prompt; the rules tell the neighbours.
    const int MostDescribed = 30;

    public static string NameOf(PromptTexts texts) => $"write-{texts.Language}-{PromptTexts.Version}";

    /// <param name="avoid">The questions of the intent that are there already.</param>
    public static Conversation For(IntentSchema schema, WritingOrder order, LengthUnit unit, IReadOnlyList<string> avoid)
    {
        var texts = PromptTexts.Of(schema.Language);
        var intent = schema.Intents[order.Intent];
        var text = new StringBuilder(texts.Task).Append("\n\n").Append(texts.AllIntents);
        foreach (var other in schema.Intents) Item(text, schema.Intents.Count > MostDescribed ? other.Name : Described(other, texts));
        text.Append("\n\n").AppendFormat(CultureInfo.InvariantCulture, texts.OnlyIntent, Described(intent, texts));
        List(text, texts.Rules, intent.Borderline);
        List(text, texts.Examples, intent.Examples);

        text.Append("\n\n").Append(texts.Demands);
        var lengths = order.Lengths.Select(l => string.Format(CultureInfo.InvariantCulture, texts.LengthPart, l.Range, l.Count));
        var unitName = unit == LengthUnit.Words ? texts.Words : texts.Characters;
        var all = string.Join(texts.Language == "zh" ? "，" : ", ", lengths);
        Item(text, string.Format(CultureInfo.InvariantCulture, texts.Count, order.Rows, unitName, all));
        Item(text, string.Format(CultureInfo.InvariantCulture, texts.Style, order.Style));
        Item(text, texts.Form);
        Item(text, texts.Variety);
        List(text, texts.Avoid, avoid);
        text.Append("\n\n").AppendFormat(CultureInfo.InvariantCulture, texts.Answer, intent.Name);
        return new(texts.WriterRole, [new("user", text.ToString())]);
    }

    internal static string Described(Intent intent, PromptTexts texts) =>
        intent.Description.Length == 0 ? intent.Name : intent.Name + texts.Colon + intent.Description;

    static void List(StringBuilder text, string title, IReadOnlyList<string> items)
    {
        if (items.Count == 0) return;
        text.Append("\n\n").Append(title);
        foreach (var item in items) Item(text, item);
    }

    static void Item(StringBuilder text, string item) => text.Append("\n- ").Append(item.ReplaceLineEndings(" "));
}
