using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Short tasks about a question: is it about a topic, are two of one kind, which name occurs, what is it called.</summary>
sealed class QuestionTasks(TeachText teach, QuestionSource questions)
{
    static readonly string[] IsAbout =
    [
        "这句话是在问{topic}吗？\n{q}\n回答是或否。", "{q}\n上面的问题和{topic}有关吗？请回答“是”或“否”。", "判断：“{q}”问的是{topic}。是还是否？",
        "“{q}”属于{topic}类的问题吗？只回答是或否。", "问题：{q}\n它关心的是{topic}吗？（是/否）", "用户说：{q}\n他是不是想了解{topic}？回答是或否。",
    ];

    static readonly string[] AreSame =
    [
        "下面两句话问的是同一类事情吗？\n1. {a}\n2. {b}\n回答是或否。", "句子一：{a}\n句子二：{b}\n这两句话的主题相同吗？请回答“是”或“否”。",
        "“{a}”和“{b}”是同一类问题吗？只回答是或否。", "甲问：{a}\n乙问：{b}\n甲和乙问的是一类事情吗？（是/否）",
        "判断两个问题的类型是否一样。\n问题1：{a}\n问题2：{b}\n一样回答是，不一样回答否。",
    ];

    static readonly string[] WhichName =
    [
        "找出句中提到的名称：{q}", "{q}\n这句话提到了谁？只写名称。", "从下面的问题里抽取名称。\n{q}", "问题：{q}\n问题中的对象叫什么？", "“{q}”里说的是哪一个？请写出名字。",
    ];

    static readonly string[] FillIn =
    [
        "填空：“{q}”这句话问的是____。", "{q}\n这是一个关于____的问题。", "请补全：当有人问“{q}”时，他想了解的是", "给下面的问题写一个类别名称：{q}",
        "用几个字概括这个问题的主题：{q}",
    ];

    static readonly (string Question, string Label, string Between)[] ExampleForms =
    [
        ("问：", "类别：", "\n"), ("句子：", "标签：", "\n"), ("", " -> ", "\n"), ("输入：", "输出：", "\n\n"), ("用户：", "意图：", "\n"), ("", "\t", "\n"),
    ];

    public AlpacaRow IsAboutTopic(Random random)
    {
        var question = DrawAny(random);
        var isSo = random.Next(2) == 0;
        var topic = isSo ? question.Topic : NameLists.Pick([.. TeachText.Intents.Where(t => t != question.Topic)], random);
        var prompt = NameLists.Pick(IsAbout, random).Replace("{topic}", Label(topic, random), StringComparison.Ordinal);
        return new(With(prompt, question), isSo ? "是" : "否");
    }

    public AlpacaRow SameKind(Random random)
    {
        var first = questions.DrawIntent(random);
        var isSame = random.Next(2) == 0;
        var topic = isSame ? first.Topic : NameLists.Pick([.. TeachText.Intents.Where(t => t != first.Topic)], random);
        var second = questions.Draw(topic, random);
        var prompt = NameLists.Pick(AreSame, random).Replace("{a}", first.Text, StringComparison.Ordinal);
        return new(prompt.Replace("{b}", second.Text, StringComparison.Ordinal), isSame ? "是" : "否");
    }

    public AlpacaRow ExtractName(Random random)
    {
        while (true)
        {
            var question = questions.DrawIntent(random);
            if (question.Name is { } name && question.Text.Contains(name, StringComparison.Ordinal)) return new(
                With(NameLists.Pick(WhichName, random), question), name);
        }
    }

    public AlpacaRow NameTopic(Random random)
    {
        var question = DrawAny(random);
        // Free naming has one right answer, the first name of each topic.
        return new(With(NameLists.Pick(FillIn, random), question), teach.Labels[question.Topic][0]);
    }

    /// <summary>Examples with their labels, one of each topic on offer, then a question to label in the same way.</summary>
    public AlpacaRow FollowExamples(Random random)
    {
        string[] topics = [.. TeachText.Intents];
        random.Shuffle(topics);
        topics = topics[..random.Next(2, topics.Length + 1)];
        var labels = topics.ToDictionary(topic => topic, topic => Label(topic, random));
        var (before, after, between) = NameLists.Pick(ExampleForms, random);
        var examples = topics.Select(topic => Example(questions.Draw(topic, random).Text) + labels[topic]);
        var asked = questions.Draw(NameLists.Pick(topics, random), random);
        return new(string.Join(between, examples.Append(Example(asked.Text))).TrimEnd(), labels[asked.Topic]);

        string Example(string text) => $"{before}{text}{(before.Length == 0 ? "" : "\n")}{after}";
    }

    FilledQuestion DrawAny(Random random) =>
        random.Next(8) == 0 ? questions.Draw(NameLists.Pick(questions.OtherTopics, random), random) : questions.DrawIntent(random);

    string Label(string topic, Random random) => NameLists.Pick(teach.Labels[topic], random);

    static string With(string prompt, FilledQuestion question) => prompt.Replace("{q}", question.Text, StringComparison.Ordinal);
}
