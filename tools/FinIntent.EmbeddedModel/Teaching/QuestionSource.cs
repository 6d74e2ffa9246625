using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Draws questions by topic, each template by its weight, and none that leaks.</summary>
sealed class QuestionSource
{
    readonly Dictionary<string, QuestionTemplate[]> _weighted;
    readonly SlotFiller _filler;
    readonly LeakFilter _leaks;

    public QuestionSource(TeachText teach, NameLists names, LeakFilter leaks)
    {
        _weighted = teach.Templates.ToDictionary(
            topic => topic.Key, topic => topic.Value.SelectMany(template => Enumerable.Repeat(template, template.Weight)).ToArray());
        (_filler, _leaks) = (new(names), leaks);
        OtherTopics = [.. teach.Templates.Keys.Except(TeachText.Intents)];
    }

    public IReadOnlyList<string> OtherTopics { get; }

    public FilledQuestion Draw(string topic, Random random, bool withNoise = true)
    {
        while (true)
        {
            var question = _filler.Fill(NameLists.Pick(_weighted[topic], random), random);
            if (withNoise) question = question with { Text = QuestionNoise.Apply(question.Text, random) };
            if (_leaks.Allows(question.Text)) return question;
        }
    }

    public FilledQuestion DrawIntent(Random random) => Draw(NameLists.Pick(TeachText.Intents, random), random);

    /// <summary>Every template once, in file order, with new names; leaks are left out.</summary>
    public IEnumerable<FilledQuestion> All(string topic, Random random) =>
        _weighted[topic].Distinct().Select(template => _filler.Fill(template, random)).Where(question => _leaks.Allows(question.Text));
}
