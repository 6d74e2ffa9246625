using FinIntent.EmbeddedModel.Sources;
using FinIntent.EmbeddedModel.Teaching;

namespace FinIntent.EmbeddedModel.Pretraining;

/// <summary>How much of each source goes into pretraining.</summary>
sealed record PretrainingMix
{
    public int LawCharacters { get; init; } = 2_500_000;

    public int FinanceRepeats { get; init; } = 2;

    public int TeachPasses { get; init; } = 8;
}

/// <summary>
/// Documents for pretraining: the corpus, the questions written for teaching in paragraphs of one topic, and facts about names.
/// </summary>
sealed class PretrainingText(CorpusFolder corpus, TeachText teach, NameLists names, LeakFilter leaks)
{
    static readonly string[] Leads =
    [
        "关于{topic}，常见的问题有：", "大家常问的{topic}问题：", "以下都是{topic}方面的提问。", "{topic}相关的问题包括", "和{topic}有关的问法：", "用户咨询{topic}时会说：", "", "", "",
    ];

    static readonly string[] Separators = ["", "\n", " ", "；"];

    readonly QuestionSource _questions = new(teach, names, leaks);

    public IReadOnlyList<string> Documents(PretrainingMix mix, int seed)
    {
        var random = new Random(seed);
        List<string> documents = [.. corpus.SomeLaws(mix.LawCharacters).Chunk(6).Select(lines => string.Join('\n', lines))];
        for (var repeat = 0; repeat < mix.FinanceRepeats; repeat++)
        {
            documents.AddRange(corpus.Lines(CorpusFolder.FinanceAnswers));
            documents.AddRange(corpus.Lines(CorpusFolder.FinanceTasks));
            documents.AddRange(teach.Answers.Select(pair => $"{pair.Question}\n{pair.Answer}"));
        }
        documents.AddRange(corpus.Lines(CorpusFolder.Dialogues));
        documents.AddRange(corpus.Lines(CorpusFolder.Tasks));
        documents.AddRange(Facts(random));
        for (var pass = 0; pass < mix.TeachPasses; pass++) documents.AddRange(Paragraphs(random));
        documents.RemoveAll(document => document.Length < 60 && !leaks.Allows(document));
        var shuffled = documents.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    /// <summary>Every question once, several of one topic to a paragraph.</summary>
    IEnumerable<string> Paragraphs(Random random)
    {
        foreach (var topic in teach.Templates.Keys)
        {
            var all = _questions.All(topic, random).Select(question => question.Text).ToArray();
            random.Shuffle(all);
            for (var start = 0; start < all.Length;)
            {
                var count = Math.Min(random.Next(4, 12), all.Length - start);
                yield return Paragraph(all.AsSpan(start, count), NameLists.Pick(teach.Labels[topic], random), random);
                start += count;
            }
        }
    }

    static string Paragraph(ReadOnlySpan<string> questions, string topic, Random random)
    {
        var separator = NameLists.Pick(Separators, random);
        var ending = separator.Length == 0 ? "？" : random.Next(2) == 0 ? "？" : "";
        var texts = new string[questions.Length];
        for (var i = 0; i < texts.Length; i++) texts[i] = questions[i].TrimEnd('？', '?', '。') + ending;
        return NameLists.Pick(Leads, random).Replace("{topic}", topic, StringComparison.Ordinal) + string.Join(separator, texts);
    }

    IEnumerable<string> Facts(Random random)
    {
        var stocks = names.Stocks.Select(stock => random.Next(3) switch
        {
            0 => $"{stock.Name}（{stock.Code}）是在{Exchange(stock.Code)}上市的公司，也是一只股票。",
            1 => $"股票代码{stock.Code}对应的公司是{stock.Name}。",
            _ => $"{stock.Name}是一只A股股票，代码是{stock.Code}。",
        });
        var others = names.StocksByNickname.Select(name => $"{name}指的是一家上市公司的股票。")
            .Concat(names.Sectors.Concat(names.Concepts).Select(name => $"{name}是股市里的一个行业或概念板块，板块里有许多股票。"))
            .Concat(names.Funds.Select(name => FundFact(name)))
            .Concat(names.Indices.Select(name => $"{name}反映市场整体，属于大盘和指数。"))
            .Concat(names.Managers.Select(name => $"{name}是一位基金经理，管理公募基金。"));
        string[] all = [.. stocks, .. others];
        random.Shuffle(all);
        return all.Chunk(6).Select(facts => string.Concat(facts));
    }

    string FundFact(string fund)
    {
        var company = names.FundCompanies.Where(c => fund.StartsWith(c, StringComparison.Ordinal)).MaxBy(c => c.Length);
        return company is null ? $"{fund}是一只基金。" : $"{fund}是{company}的一只基金产品。";
    }

    static string Exchange(string code) => code[0] switch { '6' => "上海证券交易所", '0' or '3' => "深圳证券交易所", _ => "北京证券交易所" };
}
