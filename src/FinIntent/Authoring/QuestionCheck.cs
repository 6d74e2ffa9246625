using FinIntent.Data.Leaks;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>Why a text that a model wrote is not a row.</summary>
enum Rejection
{
    /// <summary>The item is no JSON, is cut short, or has no text of one line.</summary>
    Malformed,

    /// <summary>It has another intent than was asked for, or none of the schema's.</summary>
    WrongIntent,

    Empty,

    /// <summary>Its length is none of the wanted ones.</summary>
    Length,

    Language,

    /// <summary>It tells the answer: a letter, a label, the intent's name as such, a list's number.</summary>
    TellsAnswer,

    /// <summary>It has words of the prompt or the instruction.</summary>
    Echo,

    /// <summary>It repeats another row or an example, or nearly so.</summary>
    Duplicate,

    /// <summary>It repeats an evaluation question, or nearly so.</summary>
    Leak,

    /// <summary>There are enough of this intent and length.</summary>
    Surplus,
}

/// <summary>Checks what a question must be, whatever the other rows are.</summary>
sealed partial class QuestionCheck
{
    const double LeastChinese = 0.2, LeastLatin = 0.8;

    // These count plain characters; a shorter sentence of a description may be what a user says.
    const int ShortestChineseEcho = 8, ShortestEnglishEcho = 24;

    readonly IntentSchema _schema;
    readonly LeakCheck? _leaks;
    readonly string[] _phrases;

    /// <param name="leaks">The check for evaluation questions; null when there are none.</param>
    public QuestionCheck(IntentSchema schema, LeakCheck? leaks)
    {
        (_schema, _leaks) = (schema, leaks);
        var instruction = schema.Wording.Text.Split(["{question}", "{options}", "{labels}", "\n"], StringSplitOptions.RemoveEmptyEntries);
        var described = schema.Intents.SelectMany(intent => intent.Borderline.Append(intent.Description));
        var shortest = schema.Language == SchemaLanguage.Chinese ? ShortestChineseEcho : ShortestEnglishEcho;
        _phrases = [.. instruction.Concat(PromptTexts.Of(schema.Language).Sentences).Concat(described)
            .SelectMany(text => SentenceEnd().Split(text))
            .Select(QuestionIndex.Plain).Where(phrase => phrase.Length >= shortest).Distinct()];
    }

    /// <summary>Returns what is wrong with a question; null when nothing is.</summary>
    public Rejection? Of(string question)
    {
        var plain = QuestionIndex.Plain(question);
        if (plain.Length == 0) return Rejection.Empty;
        if (question.AsSpan().IndexOfAny('\r', '\n') >= 0) return Rejection.Malformed;
        if (!IsInLanguage(question)) return Rejection.Language;
        if (TellsAnswer(question)) return Rejection.TellsAnswer;
        if (_phrases.Any(phrase => plain.Contains(phrase, StringComparison.Ordinal))) return Rejection.Echo;
        return IsLeak(question) ? Rejection.Leak : null;
    }

    public bool IsLeak(string question) => _leaks?.Find("", [question]).Count > 0;

    bool IsInLanguage(string question)
    {
        int letters = 0, chinese = 0, latin = 0;
        foreach (var rune in question.EnumerateRunes().Where(Rune.IsLetter))
        {
            letters++;
            if (rune.Value is (>= 0x3400 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF)) chinese++;
            else if (rune.Value <= 0x24F) latin++;
        }
        if (_schema.Language == SchemaLanguage.Chinese) return chinese > 0 && chinese >= LeastChinese * letters;
        return letters > 0 && chinese == 0 && latin >= LeastLatin * letters;
    }

    bool TellsAnswer(string question)
    {
        if (OptionMark().IsMatch(question) || LabelWord().IsMatch(question)) return true;
        if (_schema.Labels == LabelKind.Letters && LetterBehind().IsMatch(question)) return true;
        var whole = question.Trim();
        return _schema.Intents.Any(i => whole.Equals(i.Name, StringComparison.OrdinalIgnoreCase) || IsQuoted(question, i.Name));
    }

    static bool IsQuoted(string question, string name)
    {
        const StringComparison anyCase = StringComparison.OrdinalIgnoreCase;
        for (var at = question.IndexOf(name, anyCase); at >= 0; at = question.IndexOf(name, at + 1, anyCase))
        {
            var end = at + name.Length;
            if (at > 0 && end < question.Length && "（([【「『“\"<".Contains(question[at - 1]) && "）)]】」』”\">".Contains(question[end]))
                return true;
        }
        return false;
    }

    [GeneratedRegex(@"[。！？；]|[.!?;](?:\s|$)")]
    private static partial Regex SentenceEnd();

    /// <summary>Matches a list's mark in front: "A. ", "3) ", "- ".</summary>
    [GeneratedRegex(@"^\s*(?:[A-Z][.．、:：)）]|[-*•]\s|\d{1,3}(?:[.)]\s|[、）]))")]
    private static partial Regex OptionMark();

    [GeneratedRegex(
        @"选项\s*[A-Z]|(?:意图|标签|类别|答案|问句|intent|label|category|answer|question)\s*[:：]|\boption\s+[A-Z]\b", RegexOptions.IgnoreCase)]
    private static partial Regex LabelWord();

    /// <summary>Matches a letter in brackets at the end.</summary>
    [GeneratedRegex(@"[（(\[【][A-Z][）)\]】]\s*$")]
    private static partial Regex LetterBehind();
}
