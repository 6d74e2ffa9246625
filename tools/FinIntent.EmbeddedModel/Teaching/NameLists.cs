using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>What fills the slots of question templates.</summary>
sealed class NameLists
{
    static readonly string[] SectorEndings = ["概念", "板块", "行业", "产业", "股"];

    public NameLists(CorpusFolder corpus, TeachText teach)
    {
        Stocks = corpus.Stocks();
        StocksByNickname = Distinct(teach.Names("stock_extra"));
        Sectors = Distinct(teach.Names("sector"));
        Concepts = Distinct(corpus.Concepts());
        Funds = Distinct(teach.Names("fund"));
        ExchangeTradedFunds = [.. Funds.Where(name => name.EndsWith("ETF", StringComparison.Ordinal))];
        FundCompanies = Distinct(teach.Names("fund_company"));
        Indices = Distinct(teach.Names("index"));
        Managers = Distinct(teach.Names("manager"));
    }

    public IReadOnlyList<(string Code, string Name)> Stocks { get; }

    public IReadOnlyList<string> StocksByNickname { get; }

    public IReadOnlyList<string> Sectors { get; }

    public IReadOnlyList<string> Concepts { get; }

    public IReadOnlyList<string> Funds { get; }

    public IReadOnlyList<string> ExchangeTradedFunds { get; }

    public IReadOnlyList<string> FundCompanies { get; }

    public IReadOnlyList<string> Indices { get; }

    public IReadOnlyList<string> Managers { get; }

    public static IReadOnlyList<string> Boards { get; } = ["创业板", "科创板", "北交所", "港股通", "新三板", "主板", "沪港通", "深港通"];

    public static IReadOnlyList<string> Banks { get; } =
    [
        "招商银行", "招行", "工商银行", "工行", "建设银行", "建行", "农业银行", "农行", "中国银行", "中行", "交通银行", "交行", "邮储银行", "浦发银行",
        "兴业银行", "民生银行", "中信银行", "光大银行", "平安银行", "华夏银行", "广发银行", "宁波银行", "北京银行", "上海银行", "南京银行", "江苏银行",
    ];

    public string Stock(Random random) => random.Next(2) == 0 ? Pick(StocksByNickname, random) : Stocks[random.Next(Stocks.Count)].Name;

    /// <summary>Mostly the six digits; also with the exchange, and masked as applications print them.</summary>
    public string Code(Random random)
    {
        var code = Stocks[random.Next(Stocks.Count)].Code;
        return random.Next(12) switch
        {
            0 => (code[0] == '6' ? "sh" : "sz") + code,
            1 => code + (code[0] == '6' ? ".SH" : ".SZ"),
            2 => code[..3] + "***",
            3 => code[..3] + "xxx",
            _ => code,
        };
    }

    public string Sector(Random random) => random.Next(4) == 0 ? Pick(Concepts, random) : Pick(Sectors, random);

    public string Etf(Random random) => random.Next(4) == 0 ? BareSector(Sector(random)) + "ETF" : Pick(ExchangeTradedFunds, random);

    public static string BareSector(string sector)
    {
        var ending = SectorEndings.FirstOrDefault(e => sector.Length > e.Length + 1 && sector.EndsWith(e, StringComparison.Ordinal));
        return ending is null ? sector : sector[..^ending.Length];
    }

    public static T Pick<T>(IReadOnlyList<T> list, Random random) => list[random.Next(list.Count)];

    static IReadOnlyList<string> Distinct(IEnumerable<string> names) => [.. names.Distinct()];
}
