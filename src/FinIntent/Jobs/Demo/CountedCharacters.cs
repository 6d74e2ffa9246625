using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs.Demo;

/// <summary>The baseline that every classifier has to beat: naive Bayes on the characters of the same training rows.</summary>
static class CountedCharacters
{
    const string Name = "naive Bayes";

    /// <summary>Counts the rows of a file, and answers the questions of an exam by what was counted.</summary>
    /// <param name="predictions">The file for the answers, with a line a question.</param>
    public static PredictionSet Score(string rows, Exam exam, string predictions)
    {
        var labelled = QuestionFile.LoadLabelled(rows, null);
        List<string> labels = [.. exam.Questions[0].Options.Select(option => option.Label)];
        var bayes = new CharacterBayes(
            [.. labelled.Select(row => row.Question)], [.. labelled.Select(row => labels.IndexOf(row.Label))], labels.Count);
        List<Prediction> answers = [.. exam.Questions.Select(Answer)];
        AtomicFile.WriteText(predictions, string.Concat(answers.Select(answer => answer.ToLine() + "\n")));
        return new(Name, predictions, answers);

        Prediction Answer(EvaluationQuestion question)
        {
            var probabilities = labels.Zip(bayes.Probabilities(question.Question)).ToDictionary();
            return Prediction.Of(AskedQuestion.Of(question), Name, null, probabilities);
        }
    }
}
