using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Tests.Classification;
using FinIntent.Text;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>Scores over given texts, of the embedded model.</summary>
public sealed class ChoiceQuestionTests : IDisposable
{
    static readonly Conversation Asked = new(null, [new("user", EmbeddedClassifier.Asked("茅台还能买吗"))]);

    readonly ChatModel _chat = ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = EmbeddedClassifier.Options.Template }, CPU);

    public void Dispose() => _chat.Dispose();

    ChoiceAnswer Score(params string[] choices)
    {
        var question = ChoiceQuestion.For(_chat.Template, Asked, choices);
        return question.AnswerOf(new OptionScorer(_chat.Model).Read([question.Question])[0]);
    }

    /// <summary>The sum over a forward of a single row, which shares nothing.</summary>
    double Reference(int[] answer)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        int[] row = [.. _chat.Template.EncodePrompt(Asked), .. answer];
        var outputs = Enumerable.Range(0, answer.Length).Select(t => (0, row.Length - answer.Length - 1 + t)).ToList();
        var batch = TokenBatch.At([row], outputs, CPU);
        var log = _chat.Model.forward(batch).to(ScalarType.Float32).log_softmax(1);
        return answer.Select((id, t) => (double)log[t, id].item<float>()).Sum();
    }

    [Fact]
    public void A_choices_log_probability_is_the_sum_over_its_tokens()
    {
        string[] choices = ["{\"intent\": \"买入\"}", "{\"intent\": \"卖出\"}", "B"];

        var answer = Score(choices);

        for (var i = 0; i < choices.Length; i++)
        {
            Assert.Equal(_chat.Tokenizer.Encode(choices[i]), answer.Ids[i]);
            Assert.Equal(Reference(answer.Ids[i]), answer.LogProbabilities[i], 1e-3);
            Assert.Equal(answer.LogProbabilities[i], answer.TokenLogProbabilities[i].Sum(), 1e-9);
        }
        Assert.Equal(1, answer.Probabilities.Sum(), 1e-12);
        Assert.Equal(2, answer.Best);
    }

    [Fact]
    public void Labels_score_as_a_classification_does()
    {
        string[] letters = ["A", "B", "C", "D", "E"];
        var question = _chat.OptionQuestion(Asked, letters);

        var expected = new OptionScorer(_chat.Model).Score([question])[0];

        Assert.Equal(expected, Score(letters).Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void A_choice_that_another_begins_with_counts_its_end()
    {
        var answer = Score("A", "A1");
        var end = _chat.Template.EosTokenId!.Value;

        Assert.Equal([.. _chat.Tokenizer.Encode("A"), end], answer.Ids[0]);
        Assert.Equal(Reference(answer.Ids[0]), answer.LogProbabilities[0], 1e-3);
    }

    [Fact]
    public void Where_choices_part_the_tokens_of_each_stand_beside_one_another()
    {
        var answer = Score("A1", "A2", "D");

        var tokens = answer.TokensOf(0);

        var (a, b, c, d) = (Id("A"), Id("1"), Id("2"), Id("D"));
        Assert.Equal([a, b], tokens.Select(token => token.Id));
        Assert.Equal([a, d], tokens[0].Best.Select(chance => chance.Id).Order());
        Assert.Equal([b, c], tokens[1].Best.Select(chance => chance.Id).Order());
        Assert.Equal(answer.TokenLogProbabilities[1][1], tokens[1].Best.Single(chance => chance.Id == c).LogProbability);

        int Id(string text) => Assert.Single(_chat.Tokenizer.Encode(text));
    }

    [Fact]
    public void Choices_that_are_the_same_tokens_or_too_many_are_refused()
    {
        var alike = Assert.Throws<UserErrorException>(() => Score("é", "e\u0301"));
        var many = Assert.Throws<UserErrorException>(() => Score([.. Enumerable.Range(0, 20).Select(i => i + new string('☃', 1000))]));

        Assert.Contains("same tokens", alike.Message);
        Assert.Contains($"{ChoiceQuestion.MostTokens}", many.Message);
    }
}
