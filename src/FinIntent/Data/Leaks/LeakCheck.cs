using FinIntent.Data.Rows;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Data.Leaks;

/// <summary>Holds a question and the place where it stands, "file:line".</summary>
readonly record struct PlacedQuestion(string Place, string Text);

/// <summary>Names a training row that asks what an evaluation question asks, or nearly so.</summary>
readonly record struct Leak(PlacedQuestion Row, PlacedQuestion Question, double Similarity);

/// <summary>Compares training rows with the questions that a model is to be judged on. It is thread-safe.</summary>
sealed class LeakCheck
{
    readonly IReadOnlyList<PlacedQuestion> _questions;
    readonly QuestionIndex _index;
    readonly PromptWording? _wording;

    /// <param name="wording">The words of a schema that stand around the rows' questions, with no mark such as 问句: before them.</param>
    public LeakCheck(IReadOnlyList<PlacedQuestion> questions, PromptWording? wording = null)
    {
        (_questions, _wording) = (questions, wording);
        _index = new([.. questions.Select(q => q.Text)]);
    }

    /// <summary>The number of questions to compare with.</summary>
    public int Count => _questions.Count;

    /// <summary>Compares all rows of a file of any known form, on all cores, and returns how many rows there are.</summary>
    public long Compare(string path, LeakReport report)
    {
        var rows = 0L;
        OrderedParallel.Run(DataFile.Read(path), row => Find(row.Place, QuestionRow.Prompts(row).SelectMany(Candidates)), leaks =>
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
                    if (similarity > leaks[same].Similarity)
                        leaks[same] = leaks[same] with { Row = new(place, text), Similarity = similarity };
                    continue;
                }
                (leaks ??= []).Add(new(new(place, text), _questions[question], similarity));
            }
        }
        return leaks ?? (IReadOnlyList<Leak>)[];
    }

    public IReadOnlyList<Leak> Find(string place, Conversation conversation) =>
        Find(place, QuestionRow.PromptsOf(conversation).SelectMany(Candidates));

    /// <summary>Returns the texts of a prompt that may be its question.</summary>
    public IReadOnlyList<string> Candidates(string prompt) => PromptQuestions.Candidates(prompt, _wording);

    /// <summary>Turns prompts with their places into questions to compare with.</summary>
    public static IEnumerable<PlacedQuestion> Questions(IReadOnlyList<PlacedQuestion> prompts, PromptWording? wording = null) =>
        prompts.Zip(PromptQuestions.Of([.. prompts.Select(p => p.Text)], wording), (prompt, question) => prompt with { Text = question });

    /// <summary>Reads the questions of a file whose rows have any <see cref="QuestionForm"/>.</summary>
    /// <param name="wording">The words of a schema, for prompts without a mark before their question.</param>
    public static IReadOnlyList<PlacedQuestion> QuestionsOf(string path, PromptWording? wording = null)
    {
        List<PlacedQuestion> prompts =
            [.. DataFile.Read(path).SelectMany(row => QuestionRow.Prompts(row).Select(text => new PlacedQuestion(row.Place, text)))];
        if (prompts.Count == 0) throw new UserErrorException($"{path}: the file has no questions");
        return [.. Questions(prompts, wording)];
    }
}
