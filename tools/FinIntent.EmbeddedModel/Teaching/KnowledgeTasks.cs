using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>What things are: the kind of a name, and short questions with their answers.</summary>
sealed class KnowledgeTasks
{
    static readonly string[] WhatKind =
    [
        "{name}属于哪一类？\n{options}\n{ask}", "“{name}”是什么？\n{options}\n{ask}", "请判断名称的类型。\n名称：{name}\n{options}\n{ask}",
            "词语：{name}\n类型：\n{options}\n{ask}",
        "{options}\n\n{name}是上面的哪一种？{ask}", "实体分类：{name}\n{options}\n{ask}", "有人提到了“{name}”，他说的是\n{options}\n{ask}",
    ];

    static readonly string[] WhatIs = ["{name}是什么？", "{name}是什么", "{name}是啥", "什么是{name}？", "请说明{name}是什么。", "你知道{name}吗？"];

    static readonly string[] ServiceTerms =
    [
        "开户", "销户", "银证转账", "三方存管", "资金密码", "交易密码", "修改手机号", "风险测评", "佣金", "印花税", "过户费", "手续费", "撤单", "委托", "条件单", "融资融券开通",
        "创业板权限", "科创板权限", "港股通权限", "期权开户", "打新申购", "中签缴款", "转托管", "指定交易", "撤销指定", "身份证更新", "人脸识别", "人工客服", "对账单", "交割单",
        "银行卡换绑", "登录密码", "验证码", "投资者适当性", "新股额度", "配股缴款", "可转债权限", "国债逆回购操作", "两融保证金", "软件下载", "行情刷新", "自选股设置",
    ];

    readonly Kind[] _kinds;
    readonly IReadOnlyList<(string Question, string Answer)> _answers;
    readonly LeakFilter _leaks;

    public KnowledgeTasks(TeachText teach, NameLists names, LeakFilter leaks)
    {
        (_answers, _leaks) = (teach.Answers, leaks);
        _kinds =
        [
            new(["公司", "上市公司", "股票", "个股", "企业"], names.Stock, "是一只股票，也就是一家上市公司。"),
            new(["行业", "板块", "概念板块", "题材", "赛道"], names.Sector, "是一个行业或概念板块。"),
            new(["基金", "基金产品", "公募基金"], random => NameLists.Pick(names.Funds, random), "是一只基金。"),
            new(["指数", "市场指数", "大盘指数"], random => NameLists.Pick(names.Indices, random), "说的是市场整体或它的指数。"),
            new(["业务", "证券业务", "客服业务", "账户业务"], random => NameLists.Pick(ServiceTerms, random), "是在证券公司办理的业务或规则。"),
            new(["基金经理", "管理基金的人"], random => NameLists.Pick(names.Managers, random), "是一位基金经理。"),
        ];
    }

    sealed record Kind(string[] Names, Func<Random, string> Draw, string Sentence);

    public AlpacaRow KindOfName(Random random)
    {
        Kind[] kinds = [.. _kinds];
        random.Shuffle(kinds);
        kinds = kinds[..random.Next(2, kinds.Length + 1)];
        var right = random.Next(kinds.Length);
        string name; // a bare name can be a whole question too
        do name = kinds[right].Draw(random);
        while (!_leaks.Allows(name));
        if (random.Next(5) == 0) return new(NameLists.Pick(WhatIs, random).Replace("{name}", name, StringComparison.Ordinal), name
            + kinds[right].Sentence);
        var choices = Choices.Draw([.. kinds.Select(kind => NameLists.Pick(kind.Names, random))], random);
        var (ask, answer) = choices.Question(right, random);
        var prompt = NameLists.Pick(WhatKind, random).Replace("{options}", choices.Text, StringComparison.Ordinal);
        return new(prompt.Replace("{ask}", ask, StringComparison.Ordinal).Replace("{name}", name, StringComparison.Ordinal)
            .TrimEnd(), answer);
    }

    public AlpacaRow ShortAnswer(Random random)
    {
        while (true)
        {
            var (question, answer) = NameLists.Pick(_answers, random);
            question = QuestionNoise.Apply(question, random);
            if (_leaks.Allows(question)) return new(question, answer);
        }
    }
}
