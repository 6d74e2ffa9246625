namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Options under letters in one of the ways people write them.</summary>
sealed class Choices
{
    // Letters with a point are what most tests print, so they are drawn most.
    static readonly (string Letters, int Weight)[] Alphabets = [("ABCDEF", 16), ("123456", 2), ("甲乙丙丁戊己", 1), ("abcdef", 1)];

    static readonly (string Before, string After, string Between)[] Layouts =
    [
        ("", ". ", "\n"), ("", ". ", "\n"), ("", ". ", "\n"), ("", ". ", "\n"), ("", ".", "\n"), ("", "、", "\n"), ("", "：", "\n"),
            ("", ": ", "\n"),
        ("(", ") ", "\n"), ("（", "）", "\n"), ("", ") ", "\n"), ("", ". ", "  "), ("", ".", " "), ("", "、", "；"), ("(", ")", "，"),
    ];

    readonly string _letters;
    readonly (string Before, string After, string Between) _layout;
    readonly IReadOnlyList<string> _names;

    Choices(string letters, (string, string, string) layout, IReadOnlyList<string> names) =>
        (_letters, _layout, _names) = (letters, layout, names);

    public string Text => string.Join(_layout.Between, _names.Select((name, i) => $"{_layout.Before}{_letters[i]}{_layout.After}{name}"));

    public static Choices Draw(IReadOnlyList<string> names, Random random)
    {
        var at = random.Next(Alphabets.Sum(a => a.Weight));
        var letters = Alphabets.First(a => (at -= a.Weight) < 0).Letters;
        return new(letters, NameLists.Pick(Layouts, random), names);
    }

    /// <summary>Asks for the letter, the name or both, and what then is the right answer.</summary>
    public (string Ask, string Answer) Question(int right, Random random)
    {
        var letter = _letters[right].ToString();
        return random.Next(100) switch
        {
            < 86 => (Expand(NameLists.Pick(AskForLetter, random), random), letter),
            < 95 => (NameLists.Pick(AskForName, random), _names[right]),
            _ => (NameLists.Pick(AskForBoth, random), $"{letter}. {_names[right]}"),
        };
    }

    string Expand(string ask, Random random)
    {
        var letters = _letters[.._names.Count];
        var list = random.Next(4) switch
        {
            0 => string.Join('/', letters.AsEnumerable()),
            1 => $"{letters[0]}到{letters[^1]}",
            2 => string.Join('、', letters.AsEnumerable()),
            _ => $"{string.Join('、', letters.SkipLast(1))}或{letters[^1]}",
        };
        return ask.Replace("{letters}", list, StringComparison.Ordinal);
    }

    static readonly string[] AskForLetter =
    [
        "", "", "请选择。", "请作答。", "答案是？", "选哪个？", "只回答字母。", "只答序号。", "请只给出选项的字母。", "直接写出选项。", "请输出对应的选项字母。",
        "请回答{letters}。", "（只答一个选项）", "用一个字母回答。", "回答格式：{letters}", "从{letters}中选一个。", "请给出正确的选项。", "请仅输出选项字母。",
        "不需要解释，给出选项即可。", "只需回答选项（{letters}）。", "请回答选项（{letters}）。", "请选出最合适的一项，只写字母。", "你的选择：", "请仅答{letters}之一。",
        "只写选项字母（{letters}），不要写别的。", "答案：",
    ];

    static readonly string[] AskForName =
    [
        "请写出类别的名称。", "回答类别名称，不要写字母。", "请用选项的文字回答。", "写出选项内容。", "直接回答类别。", "请输出标签文字。", "用文字回答，不要字母。",
    ];

    static readonly string[] AskForBoth = ["请写出字母和内容。", "请回答选项字母和它的内容。", "请给出完整的选项。", "写出整个选项。"];
}
