namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Writes a question as hurried users type it: greetings, a lost particle, other signs, a homophone, other casing.</summary>
static class QuestionNoise
{
    static readonly string[] Greetings =
    [
        "请问", "请问一下", "问一下", "问下", "帮我看看", "帮我看下", "你好，", "你好 ", "您好，", "想问一下", "想问问", "老师好，", "在吗，", "麻烦问下", "我想知道",
        "咨询一下，", "大家说说", "求助，", "哎，", "诶 ",
    ];

    static readonly string[] Particles = ["吗", "呢", "呀", "啊", "吧", "了", "嘛"];

    static readonly string[] Endings = ["？", "？", "？", "?", "？？", "。", "！", "…", " ", "，谢谢", "~"];

    static readonly (string Right, string Typed)[] Homophones =
    [
        ("账户", "帐户"), ("账号", "帐号"), ("登录", "登陆"), ("怎么", "怎末"), ("怎么", "咋么"), ("什么", "神马"), ("什么", "啥"), ("基金", "鸡金"), ("股票", "股飘"),
        ("大盘", "大盆"), ("板块", "版块"), ("净值", "净直"), ("赎回", "熟回"), ("定投", "订投"), ("涨停", "涨挺"), ("为什么", "为神马"), ("为什么", "为啥"),
        ("密码", "秘码"), ("佣金", "拥金"), ("分红", "分虹"), ("行情", "行晴"), ("加仓", "加苍"), ("反弹", "反谈"), ("可以", "可一"), ("现在", "线在"),
        ("哪个", "那个"), ("哪只", "那只"), ("哪里", "那里"), ("已经", "以经"), ("怎么样", "肿么样"), ("知道", "造"), ("时候", "时侯"), ("的话", "得话"),
    ];

    public static string Apply(string question, Random random)
    {
        var text = question;
        if (Chance(8)) text = DropEnding(text);
        if (Chance(25)) text = text.TrimEnd('？', '?', '。') + NameLists.Pick(Endings, random);
        if (Chance(4)) text = Mistype(text, random);
        if (Chance(6)) text = OtherCase(text, random);
        if (Chance(9)) text = NameLists.Pick(Greetings, random) + text;
        return text;

        bool Chance(int percent) => random.Next(100) < percent;
    }

    static string DropEnding(string text)
    {
        var bare = text.TrimEnd('？', '?', '。', '！');
        var particle = Particles.FirstOrDefault(p => bare.Length > 4 && bare.EndsWith(p, StringComparison.Ordinal));
        return particle is null ? bare : bare[..^particle.Length];
    }

    static string Mistype(string text, Random random)
    {
        var possible = Homophones.Where(h => text.Contains(h.Right, StringComparison.Ordinal)).ToArray();
        if (possible.Length == 0) return text;
        var (right, typed) = NameLists.Pick(possible, random);
        return text.Replace(right, typed, StringComparison.Ordinal);
    }

    static string OtherCase(string text, Random random) => random.Next(2) == 0 ? text.ToLowerInvariant() : text.ToUpperInvariant();
}
