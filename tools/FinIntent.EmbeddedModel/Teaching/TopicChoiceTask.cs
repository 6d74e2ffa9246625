using FinIntent.EmbeddedModel.Sources;
using FinIntent.Intents;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Multiple choice: which topic is a question about? The topics' names, their order and all other words vary.</summary>
sealed class TopicChoiceTask(TeachText teach, QuestionSource questions)
{
    // Outside the five intents but near enough to one of them that a question of it could be claimed for both.
    static readonly string[] NearFinance = ["黄金", "期货", "外汇", "宏观经济", "保险", "贷款", "税务"];

    static readonly string[] Suffixes = ["问询", "咨询", "问题", "类", "类问题", "相关", "方面", "话题", "查询", "类咨询"];

    static readonly string[] NoneOfThese = ["其他", "其它问题", "以上都不是", "其他话题", "无关问题"];

    const string None = "none";

    const string QuestionMark = "{q}";

    /// <summary>A question of the five intents seven times of eight.</summary>
    public AlpacaRow Draw(Random random)
    {
        var isOther = random.Next(8) == 0;
        var question = isOther ? questions.Draw(NameLists.Pick(questions.OtherTopics, random), random) : questions.DrawIntent(random);
        var topics = Topics(question.Topic, isOther, random);
        random.Shuffle(topics);
        var right = Array.FindIndex(topics, topic => topic == question.Topic || (topic == None && !topics.Contains(question.Topic)));
        var choices = Choices.Draw(Names(topics, random), random);
        var (ask, answer) = choices.Question(right, random);
        return Row(question.Text, choices, ask, answer, random);
    }

    string[] Topics(string gold, bool isOther, Random random)
    {
        var kind = random.Next(20);
        if (isOther) return kind < 8 ? [None, .. Some(TeachText.Intents, random.Next(2, 6), random)]
            : [gold, .. SomeOf(gold, random.Next(1, 6), random)];
        if (kind < 11) return [.. TeachText.Intents];
        var rest = TeachText.Intents.Where(topic => topic != gold).ToArray();
        if (kind < 16) return [gold, .. Some(rest, random.Next(1, 4), random)];
        if (kind == 16) return [None, .. TeachText.Intents];
        var others = questions.OtherTopics.Except(NearFinance).ToArray();
        var some = Some(rest, random.Next(0, 4), random);
        return [gold, .. some, .. Some(others, random.Next(1, 6 - some.Length), random)];
    }

    string[] SomeOf(string gold, int count, Random random) =>
        Some([.. TeachText.Intents.Concat(questions.OtherTopics).Where(topic => topic != gold && !NearFinance.Contains(topic))],
            count, random);

    static string[] Some(IReadOnlyList<string> topics, int count, Random random)
    {
        string[] all = [.. topics];
        random.Shuffle(all);
        return all[..Math.Min(count, all.Length)];
    }

    string[] Names(string[] topics, Random random)
    {
        var names = topics.Select(topic => NameLists.Pick(topic == None ? NoneOfThese : teach.Labels[topic], random)).ToArray();
        if (random.Next(5) >= 2) return names;
        var suffix = NameLists.Pick(Suffixes, random);
        var suffixed = names.Select((name, i) => topics[i] == None || name.EndsWith(suffix, StringComparison.Ordinal) ? name : name
            + suffix).ToArray();
        // The five names of the real task, together, are what a tuned model is tested on: teaching leaves them out.
        return IntentOptions.OpenFinData.All(option => suffixed.Contains(option.Name)) ? names : suffixed;
    }

    AlpacaRow Row(string question, Choices choices, string ask, string answer, Random random)
    {
        if (random.Next(20) == 0) return new($"请判断下面这句话属于哪一类。\n{choices.Text}\n{ask}".TrimEnd(), question, answer);
        var instruction = NameLists.Pick(teach.Instructions, random)
            .Replace("{options}", choices.Text, StringComparison.Ordinal).Replace("{ask}", ask, StringComparison.Ordinal)
            .Replace(QuestionMark, question, StringComparison.Ordinal);
        return new(instruction.TrimEnd(), answer);
    }
}
