using System.Text;
using SharpCompress.Compressors.Xz;

namespace FinIntent.EmbeddedModel.Sources;

/// <summary>The files of the pretraining corpus: a paragraph or a dialogue a line.</summary>
sealed class CorpusFolder(string folder)
{
    public const string Laws = "laws_zh";
    public const string FinanceAnswers = "fintruthqa";
    public const string Dialogues = "dialogue_kdconv_crosswoz";
    public const string FinanceTasks = "disc_finllm";
    public const string Tasks = "alpaca_zh_demo";

    public static IReadOnlyList<string> Texts { get; } = [Laws, FinanceAnswers, Dialogues, FinanceTasks, Tasks];

    public string Folder => folder;

    public IReadOnlyList<string> Lines(string name)
    {
        var path = Existing($"{name}.txt.xz");
        using var file = File.OpenRead(path);
        using var text = new StreamReader(new XZStream(file), Encoding.UTF8);
        List<string> lines = [];
        while (text.ReadLine() is { } line)
            if (line.Trim() is { Length: > 0 } trimmed) lines.Add(trimmed);
        return lines;
    }

    /// <summary>Lines of laws, evenly spread over the file, of about so many characters in all.</summary>
    public IReadOnlyList<string> SomeLaws(int characters)
    {
        var lines = Lines(Laws);
        var share = Math.Min(1, (double)characters / lines.Sum(line => line.Length));
        return [.. lines.Where((_, i) => (long)((i + 1) * share) > (long)(i * share))];
    }

    /// <summary>A-shares that have been listed: six digits and the short name, without the marks of special treatment.</summary>
    public IReadOnlyList<(string Code, string Name)> Stocks() =>
        [.. Table("names_stocks_adata.csv").Where(row => row[3].Length > 0)
            .Select(row => (row[0], row[1].Normalize(NormalizationForm.FormKC).Replace(" ", "", StringComparison.Ordinal)))];

    /// <summary>Concept boards that name a theme; boards made from price or holder lists name none.</summary>
    public IReadOnlyList<string> Concepts() =>
        [.. Table("names_concepts_adata.csv").Select(row => row[2]).Where(name => !NotThemes.Any(name.Contains))];

    static readonly string[] NotThemes =
    [
        "昨日", "中报", "年报", "季报", "重仓", "融资融券", "股通", "MSCI", "标准普尔", "富时", "深成", "深证", "上证", "央视", "HS300", "中证", "创业板综",
        "创业成份", "转债标的", "AB股", "AH股", "B股", "GDR", "证金", "养老金", "举牌", "百元股", "低价股", "注册制", "股权", "IPO", "(", "（", "茅指数", "宁组合",
    ];

    IEnumerable<string[]> Table(string name) =>
        File.ReadLines(Existing(name)).Skip(1).Where(line => line.Length > 0).Select(line => line.Split(','));

    string Existing(string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? path : throw new UserErrorException($"{path}: no such file; --corpus names the folder that holds it");
    }
}
