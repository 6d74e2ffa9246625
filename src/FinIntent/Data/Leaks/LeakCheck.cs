using FinIntent.Data.Rows;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Leaks;

/// <summary>A question and where it stands, "file:line".</summary>
readonly record struct PlacedQuestion(string Place, string Text);

/// <summary>A training row that asks what an evaluation question asks, or nearly so.</summary>
readonly record struct Leak(PlacedQuestion Row, PlacedQuestion Question, double Similarity);

/// <summary>Compares training rows with the questions that a model is to be judged on. Thread-safe.</summary>
sealed class LeakCheck
{
    readonly IReadOnlyList<PlacedQuestion> _questions;
    readonly QuestionIndex _index;

    public LeakCheck(IReadOnlyList<PlacedQuestion> questions)
    {
        _questions = questions;
        _index = new([.. questions.Select(q => q.Text)]);
    }

    /// <summary>Of the questions to compare with.</summary>
    public int Count => _questions.Count;

    /// <summary>Compares all rows of a file of any known form, on all cores.</summary>
    /// <returns>How many rows there are.</returns>
    public long Compare(string path, LeakReport report)
    {
        var rows = 0L;
        OrderedParallel.Run(DataFile.Read(path), row => Find(row.Place, RowPrompts.Of(row).SelectMany(PromptQuestions.Candidates)), leaks =>
        {
            rows++;
            report.Add(leaks);
        });
        return rows;
    }

    public IReadOnlyList<Leak> Find(string place, IEnumerable<string> candidates)
    {
        List<Leak>? leaks = null;
        foreach (var text in candidates)
        {
            foreach (var (question, similarity) in _index.Find(text))
            {
                if (leaks?.FindIndex(leak => leak.Question == _questions[question]) is { } same and >= 0)
                {
                    if (similarity > leaks[same].Similarity) leaks[same] = leaks[same] with { Row = new(place, text), Similarity = similarity };
                    continue;
                }
                (leaks ??= []).Add(new(new(place, text), _questions[question], similarity));
            }
        }
        return leaks ?? (IReadOnlyList<Leak>)[];
    }

    public IReadOnlyList<Leak> Find(string place, Conversation conversation) => Find(place, PromptsOf(conversation).SelectMany(PromptQuestions.Candidates));

    public static IEnumerable<string> PromptsOf(Conversation conversation) => conversation.Messages.Where(m => m.Role == "user").Select(m => m.Content);

    /// <summary>Prompts with their places as questions to compare with.</summary>
    public static IEnumerable<PlacedQuestion> Questions(IReadOnlyList<PlacedQuestion> prompts) =>
        prompts.Zip(PromptQuestions.Of([.. prompts.Select(p => p.Text)]), (prompt, question) => prompt with { Text = question });

    /// <summary>
    /// The questions of a file whose rows have any of the known forms: OpenFinData items, a column "question", Alpaca rows, conversations, texts.
    /// </summary>
    public static IReadOnlyList<PlacedQuestion> QuestionsOf(string path)
    {
        List<PlacedQuestion> prompts = [.. DataFile.Read(path).SelectMany(row => RowPrompts.Of(row).Select(text => new PlacedQuestion(row.Place, text)))];
        if (prompts.Count == 0) throw new UserErrorException($"{path}: the file has no questions");
        return [.. Questions(prompts)];
    }
}
