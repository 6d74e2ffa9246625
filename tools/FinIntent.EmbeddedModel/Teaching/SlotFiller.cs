using System.Text;
using System.Text.RegularExpressions;
using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>A question as a user would ask it; Name is what filled its first named slot, if it has one.</summary>
sealed record FilledQuestion(string Topic, string Text, string? Name);

/// <summary>Puts names and numbers into templates. The same slot twice, or with a number (stock, stock2), gets different names.</summary>
sealed partial class SlotFiller(NameLists names)
{
    const int Attempts = 20;

    public FilledQuestion Fill(QuestionTemplate template, Random random)
    {
        StringBuilder text = new();
        List<string> used = [];
        var end = 0;
        foreach (Match slot in Slot().Matches(template.Text))
        {
            text.Append(template.Text, end, slot.Index - end);
            end = slot.Index + slot.Length;
            var after = template.Text[end..];
            var kind = slot.Groups["kind"].Value;
            if (kind == "n") text.Append(Number(after, random));
            else
            {
                var name = Name(kind, after, used, random, template.Place);
                used.Add(name);
                text.Append(name);
            }
        }
        text.Append(template.Text, end, template.Text.Length - end);
        return new(template.Topic, text.ToString(), used.FirstOrDefault());
    }

    string Name(string kind, string after, List<string> used, Random random, string place)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var name = WithoutOverlap(kind, Draw(kind, random, place), after);
            if (name is not null && !used.Contains(name)) return name;
        }
        throw new UserErrorException($"{place}: no {Attempts} names in a row fit the slot {{{kind}}}; change the words after it");
    }

    string Draw(string kind, Random random, string place) => kind switch
    {
        "stock" => names.Stock(random),
        "code" => names.Code(random),
        "sector" => names.Sector(random),
        "fund" => NameLists.Pick(names.Funds, random),
        "etf" => names.Etf(random),
        "company" => NameLists.Pick(names.FundCompanies, random),
        "index" => NameLists.Pick(names.Indices, random),
        "manager" => NameLists.Pick(names.Managers, random),
        "board" => NameLists.Pick(NameLists.Boards, random),
        "bank" => NameLists.Pick(NameLists.Banks, random),
        _ => throw new UserErrorException(
            $"{place}: unknown slot {{{kind}}}; there are stock, code, sector, fund, etf, company, index, manager, board, bank and n"),
    };

    /// <summary>A name must not say again what follows it: 白酒概念 before "概念股" becomes 白酒. Null: nothing would be left.</summary>
    static string? WithoutOverlap(string kind, string name, string after)
    {
        if (kind == "sector" && Category().IsMatch(after))
        {
            name = NameLists.BareSector(name);
            if (name.EndsWith('股')) return null; // 妖股: one character would be left
        }
        for (var length = Math.Min(name.Length, after.Length); length > 0; length--)
        {
            if (!name.EndsWith(after[..length], StringComparison.Ordinal)) continue;
            if (length == 1 && after[0] is not ('股' or '指')) continue;
            name = name[..^length];
            break;
        }
        if (name.Length < 2) return null;
        return ReadsAsOneWord(name, after) ? null : name;
    }

    // 易方达基金A500ETF, 中证500 before 2倍: two words that a user would not write together.
    static bool ReadsAsOneWord(string name, string after) => after.Length > 0 && (char.IsAsciiDigit(after[0])
        ? char.IsAsciiDigit(name[^1])
        : char.IsAsciiLetter(after[0]) && name.EndsWith("基金", StringComparison.Ordinal));

    static string Number(string after, Random random)
    {
        var unit = Unit().Match(after).Value;
        return unit switch
        {
            "点" or "" => Round(random.Next(28, 46) * 100, random.Next(4) == 0 ? random.Next(100) : 0),
            "亿" => Round(random.Next(1, 30) * 10, 0),
            "%" or "个点" or "倍" => random.Next(2, 60).ToString(),
            "岁" => random.Next(20, 75).ToString(),
            "年" or "周" or "只" => random.Next(2, 11).ToString(),
            "天" or "次" => random.Next(2, 16).ToString(),
            "家" => Round(random.Next(10, 48) * 100, 0),
            "万" => Round(random.Next(1, 11) * 10, 0),
            "股" => Round(random.Next(1, 30) * 100, 0),
            "元" or "块" => Round(random.Next(1, 100) * 10, 0),
            _ => throw new ArgumentException($"no range for the unit {unit}"),
        };
    }

    static string Round(int round, int rest) => (round + rest).ToString();

    [GeneratedRegex(@"\{(?<kind>[a-z]+)\d?\}")]
    private static partial Regex Slot();

    [GeneratedRegex("^(个点|点|亿|%|倍|岁|年|周|只|天|次|家|万|股|元|块)")]
    private static partial Regex Unit();

    [GeneratedRegex("^(板块|概念|行业|产业|赛道|题材|主题|ETF|基金|龙头|指数|股)")]
    private static partial Regex Category();
}
