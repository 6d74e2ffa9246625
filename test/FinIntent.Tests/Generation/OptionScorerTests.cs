using FinIntent.Generation;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Text;
using FinIntent.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

public sealed class OptionScorerTests
{
    const int MaxTokens = 64;

    [Fact]
    public void Whole_answers_become_a_lead_and_tails()
    {
        var answers = OptionAnswers.Of([[30910, 13, 330, 2], [30910, 13, 331, 2], [30910, 13, 332, 2]]);

        Assert.Equal([30910, 13], answers.Lead);
        Assert.Equal([[330], [331], [332]], answers.Tails);
        Assert.True(answers.AreSingleTokens);
        Assert.False(OptionAnswers.Of([[1, 5, 6, 2], [1, 5, 7, 8, 2]]).AreSingleTokens);
        // A label that another one begins with keeps its end.
        Assert.Equal([[7, 2], [7, 8, 2], [9, 2]], OptionAnswers.Of([[5, 7, 2], [5, 7, 8, 2], [5, 9, 2]]).Tails);
    }

    /// <summary>By the names of the pieces; what a SentencePiece answer begins with is in the lead.</summary>
    [Theory]
    [InlineData("qwen", "qwen", "", "A B C D E")]
    [InlineData("qwen", "qwen3", "", "A B C D E")]
    [InlineData("llama3", "llama3", "", "A B C D E")]
    [InlineData("chatglm", "chatglm3", "▁ <0x0A>", "▁A ▁B ▁C ▁D ▁E")]
    [InlineData("baichuan", "baichuan2", "", "A B C D E")]
    public void Every_familys_letters_are_one_token_behind_their_lead(string name, string template, string lead, string letters)
    {
        var tokenizer = SmallTokenizers.Get(name);
        var answers = OptionAnswers.For(ChatTemplate.Get(template, tokenizer), ["A", "B", "C", "D", "E"]);

        Assert.Equal(Ids(lead), answers.Lead);
        Assert.Equal(Ids(letters), answers.Tails.Select(t => Assert.Single(t)));

        IEnumerable<int> Ids(string pieces) => pieces.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(piece => tokenizer.IdOf(piece)!.Value);
    }

    [Fact]
    public void Letters_the_tokenizer_cannot_tell_apart_are_refused()
    {
        Assert.Throws<UserErrorException>(() => OptionAnswers.Of([[0, 2], [0, 2]]));
        Assert.Throws<UserErrorException>(() => OptionAnswers.Of([[0], [0, 2]]));
    }

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Probabilities_are_the_softmax_of_the_references_logits(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        int[] letters = [5, 10, 20, 30, 40];
        // The last two tokens of each sequence are put in the lead: they are read all the same.
        var questions = fixture.Sequences.Skip(1).Select(row =>
            new OptionQuestion(row[..^2], new(row[^2..], [.. letters.Select(id => new[] { id })]))).ToList();
        var scorer = new OptionScorer(model, MaxTokens);

        var scores = scorer.Score(questions);

        for (var q = 0; q < questions.Count; q++)
        {
            using var scope = NewDisposeScope();
            var expected = fixture.Expected($"logits.{q + 1}")[-1].index_select(0, tensor(letters.Select(i => (long)i).ToArray()))
                .softmax(-1);
            TensorAssert.Close(expected, tensor(scores[q]), 1e-5, $"question {q}");
            Assert.Equal(1, scores[q].Sum(), 1e-12);
        }
    }

    [Fact]
    public void Answers_of_several_tokens_are_scored_as_a_whole()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var row = fixture.Sequences[2];
        // The tail of three tokens is the sequence's own end, so the reference has all its logits.
        var question = new OptionQuestion(row[..^3], new([], [row[^3..], [5]]));

        var scores = new OptionScorer(model, MaxTokens).Score([question])[0];

        using var scope = NewDisposeScope();
        var log = fixture.Expected("logits.2").log_softmax(-1);
        var place = row.Length - 4;
        var whole = Enumerable.Range(0, 3).Sum(i => log[place + i, row[place + 1 + i]].item<float>());
        var other = log[place, 5].item<float>();
        Assert.Equal(1 / (1 + Math.Exp(other - whole)), scores[0], 1e-5);
    }

    [Theory, MemberData(nameof(Families))]
    public void Questions_that_begin_alike_score_as_alone(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        var beginning = fixture.Sequences[3][..10];
        var questions = Enumerable.Range(0, 6).Select(q =>
            new OptionQuestion([.. beginning, .. fixture.Sequences[2].Skip(q), q], new([8, 9],
            q % 3 == 2 ? [[1], [2, 3, 4], [2, 3, 5]] : [[q + 1], [q + 2], [q + 3]]))).ToList();
        var scorer = new OptionScorer(model, 1000);

        var together = scorer.Score(questions);

        for (var q = 0; q < questions.Count; q++)
            Assert.Equal(scorer.Score([questions[q]])[0], together[q], (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Batches_keep_the_budget_and_the_order()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        OptionQuestion Of(int length) => new(new int[length], new([], [[1], [2]]));
        OptionQuestion Behind(int beginning, int own) => new([.. Enumerable.Repeat(beginning, 9), own], new([], [[1], [2]]));

        // Beginnings too short to be shared; then 9 shared tokens count once.
        var apart = new OptionScorer(model, 10).Batches([Of(4), Of(6), Of(1), Of(20), Of(2), Of(2)]);
        var shared = new OptionScorer(model, 12).Batches(
            [Behind(1, 2), Behind(1, 3), Behind(1, 4), Behind(1, 5), Behind(2, 1), Behind(2, 3)]);

        Assert.Equal([0..2, 2..3, 3..4, 4..6], apart);
        Assert.Equal([0..3, 3..4, 4..6], shared);
    }

    [Fact]
    public void No_tensor_outlives_a_scoring()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var questions = fixture.Sequences.Select(row => new OptionQuestion(row, new([], [[1], [2, 3]])))
            .Append(new(fixture.Sequences[1], new([4], [[1], [2]]))).ToList();
        var scorer = new OptionScorer(model, MaxTokens);
        scorer.Score(questions);

        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++) scorer.Score(questions);

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    /// <summary>The tests compute on one thread; docs/log.md has the same for two, and what more do.</summary>
    [Theory]
    [InlineData("Float32")]
    [InlineData("BFloat16")]
    public void A_questions_bits_are_the_same_alone_and_among_others(string type)
    {
        var folder = Path.Combine(Reference.Root, "models", "finintent-8m");
        using var chat = ChatModel.Load(new(folder, []) { Template = "default", Type = Enum.Parse<ScalarType>(type) }, CPU);
        OptionQuestion[] questions =
        [
            .. FinIntent.Data.Rows.QuestionFile.Load(Path.Combine(Reference.Root, "data", "intent_eval.json")).Take(24)
                .Select(q => chat.OptionQuestion(new(null, [new("user", q.Prompt.Text)]), [.. q.Options.Select(o => o.Label)])),
        ];
        var scorer = new OptionScorer(chat.Model);
        var alone = questions.Select(q => scorer.Read([q])[0]).ToList();

        foreach (var size in (int[])[2, 3, 5, 24])
        {
            var together = questions.Reverse().Chunk(size).SelectMany(scorer.Read).Reverse().ToList();

            Assert.Equal(alone.Select(r => r.Logits), together.Select(r => r.Logits));
            Assert.Equal(alone.Select(r => r.State), together.Select(r => r.State));
        }
    }
}
