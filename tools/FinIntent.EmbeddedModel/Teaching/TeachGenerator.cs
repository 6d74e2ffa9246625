using FinIntent.EmbeddedModel.Sources;

namespace FinIntent.EmbeddedModel.Teaching;

/// <summary>Instruction rows in a fixed mix of tasks. The same text, seed and count give the same rows.</summary>
sealed class TeachGenerator
{
    readonly (int Percent, Func<Random, AlpacaRow> Draw)[] _tasks;

    public TeachGenerator(TeachText teach, NameLists names, LeakFilter leaks)
    {
        Questions = new(teach, names, leaks);
        var choice = new TopicChoiceTask(teach, Questions);
        var questions = new QuestionTasks(teach, Questions);
        var knowledge = new KnowledgeTasks(teach, names, leaks);
        _tasks =
        [
            (64, choice.Draw),
            (8, knowledge.KindOfName),
            (5, questions.SameKind),
            (8, questions.IsAboutTopic),
            (4, knowledge.ShortAnswer),
            (4, questions.NameTopic),
            (3, questions.ExtractName),
            (4, questions.FollowExamples),
        ];
    }

    public QuestionSource Questions { get; }

    public IEnumerable<AlpacaRow> Rows(int count, int seed)
    {
        var random = new Random(seed);
        for (var row = 0; row < count; row++)
        {
            var at = random.Next(100);
            yield return _tasks.First(task => (at -= task.Percent) < 0).Draw(random);
        }
    }
}
