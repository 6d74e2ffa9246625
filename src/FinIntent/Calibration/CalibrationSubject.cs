using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Lora;

namespace FinIntent.Calibration;

/// <summary>Names the model and the questions that a calibration is for. With any other its numbers mean nothing.</summary>
/// <remarks>The type that is computed in and whether an adapter is merged are not part of it: they change logits by rounding
/// only.</remarks>
/// <param name="BaseFingerprint">The fingerprint of the model's weights (<see cref="ModelFingerprint"/>).</param>
/// <param name="AdapterFingerprints">The digests of the adapters' files of weights, in the order they are put on.</param>
/// <param name="Prompt">What the model is asked, with the system text before it where there is one, and {question} in place of the
/// question.</param>
sealed record CalibrationSubject(
    string BaseFingerprint, IReadOnlyList<string> AdapterFingerprints, IReadOnlyList<IntentOption> Options, string Prompt)
{
    public const string QuestionMark = "{question}";

    /// <summary>The form that the layers' weights are kept in, such as nf4; null: plain.</summary>
    public string? BaseFormat { get; init; }

    public string? Template { get; init; }

    /// <summary>The option that stands for "none of the others"; null: there is none.</summary>
    public int? NoneOption { get; init; }

    /// <summary>Names the model and the prompt that questions are asked with.</summary>
    /// <param name="system">The system text of the questions themselves; null: the template's.</param>
    public static CalibrationSubject Of(ChatModelSource source, IntentPrompt prompt, string? system = null, int? noneOption = null) => new(
        ModelFingerprint.Of(source.Model), [.. source.Adapters.Select(a => FileFingerprint.Of(LoraAdapters.WeightsPath(a)))],
        prompt.Options, PromptOf(prompt, system ?? source.DefaultSystem))
    {
        BaseFormat = source.Format?.Name,
        Template = source.TemplateName,
        NoneOption = noneOption,
    };

    /// <summary>Returns a prompt with {question} in place of its question.</summary>
    public static string PromptOf(IntentPrompt prompt, string? system)
    {
        var place = prompt.Question.Length == 0 ? -1 : prompt.Text.IndexOf(prompt.Question, StringComparison.Ordinal);
        var text = place < 0 ? prompt.Text : prompt.Text.Remove(place, prompt.Question.Length).Insert(place, QuestionMark);
        return string.IsNullOrEmpty(system) ? text : $"{system}\n\n{text}";
    }

    /// <summary>Returns what differs between a calibration's subject and what is used now, with both values; null where nothing
    /// does.</summary>
    public string? Difference(CalibrationSubject now)
    {
        if (BaseFingerprint != now.BaseFingerprint)
            return $"it was made for the model with fingerprint {BaseFingerprint}, and this one has {now.BaseFingerprint}";
        if (!AdapterFingerprints.SequenceEqual(now.AdapterFingerprints))
            return $"it was made for {Adapters(this)}, and now there is {Adapters(now)}";
        if (BaseFormat != now.BaseFormat)
            return $"it was made for weights in the form {BaseFormat ?? "plain"}, and now they are {now.BaseFormat ?? "plain"}";
        if (Template != now.Template) return $"it was made with the template {Template}, and now it is {now.Template}";
        if (!Options.SequenceEqual(now.Options)) return $"it was made for the intents {Names(this)}, and now they are {Names(now)}";
        return Prompt == now.Prompt ? null
            : $"it was made for the prompt \"{Near(Prompt, now.Prompt)}\", and now it is \"{Near(now.Prompt, Prompt)}\"";
    }

    static string Adapters(CalibrationSubject subject) => subject.AdapterFingerprints.Count == 0 ? "no adapter"
        : $"adapter {string.Join(" and ", subject.AdapterFingerprints)}";

    static string Names(CalibrationSubject subject) =>
        string.Join(", ", subject.Options.Select(o => o.Label == o.Name ? o.Name : $"{o.Label} {o.Name}"));

    /// <summary>Cuts a long text down to where it begins to differ.</summary>
    static string Near(string text, string other)
    {
        const int before = 12, shown = 40;
        var same = text.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
        var start = Math.Max(0, same - before);
        var part = text.Substring(start, Math.Min(shown, text.Length - start)).ReplaceLineEndings("\\n");
        return $"{(start > 0 ? "…" : "")}{part}{(start + shown < text.Length ? "…" : "")}";
    }
}

/// <summary>A file of rows that a calibration was made from.</summary>
/// <param name="Fingerprint">The digest of its bytes.</param>
sealed record CalibrationRows(string File, string Fingerprint, int Count);

/// <summary>Says what a calibration was made from and when.</summary>
/// <param name="OutOfScope">The files of rows out of scope.</param>
/// <param name="ClassCounts">How many rows each intent has, in the order of the options.</param>
sealed record CalibrationOrigin(
    CalibrationRows? Rows, IReadOnlyList<CalibrationRows> OutOfScope, IReadOnlyList<int> ClassCounts, DateTimeOffset? Made)
{
    public static CalibrationOrigin Unknown { get; } = new(null, [], [], null);

    /// <summary>The fingerprint of the base and the digests of the adapters that an exported model was merged from; null: it was not
    /// exported.</summary>
    public IReadOnlyList<string>? MergedFrom { get; init; }
}
