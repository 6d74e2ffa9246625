using FinIntent.Generation;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>Rows of many adapters in one forward; what each must get is what the model says with that adapter alone put on it.</summary>
public sealed class ManyAdaptersTests
{
    internal static string Embedded => Path.Combine(Reference.Root, "models", "finintent-8m");

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Rows_of_several_adapters_in_one_forward_are_each_as_with_its_adapter_on_the_model(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 3);
        var questions = Questions(fixture);
        var expected = folders.Folders.Prepend(null).Select(folder => With(model, folder, questions)).ToList();
        var adapters = folders.Load(model);

        var asked = questions.SelectMany((q, i) => Enumerable.Range(0, 4).Select(a => (Adapter: (a + i) % 4, Number: i))).ToList();
        var together = new OptionScorer(model).Read([.. asked.Select(a => questions[a.Number] with { Adapter = Of(a.Adapter) })]);

        foreach (var ((adapter, number), reading) in asked.Zip(together))
        {
            Assert.Equal(expected[adapter][number].Logits, reading.Logits, (a, b) => Math.Abs(a - b) < 2e-5);
            Assert.Equal(expected[adapter][number].State, reading.State, (a, b) => Math.Abs(a - b) < 2e-5);
        }
        for (var a = 1; a < 4; a++) Assert.NotEqual(expected[0][0].Logits, expected[a][0].Logits, (x, y) => Math.Abs(x - y) < 1e-3);
        foreach (var adapter in adapters) adapter.Dispose();

        AdapterWeights? Of(int number) => number == 0 ? null : adapters[number - 1];
    }

    [Theory]
    [InlineData("Float32", 1)]
    [InlineData("BFloat16", 1)]
    [InlineData("Float32", 2)]
    [InlineData("BFloat16", 2)]
    public void A_questions_bits_are_those_of_its_adapter_put_on_the_model_alone(string type, int threads)
    {
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            using var chat = ChatModel.Load(new(Embedded, []) { Template = "default", Type = Enum.Parse<ScalarType>(type) }, CPU);
            using var folders = new RandomAdapters(chat.Model, 4, 0.02);
            var questions = EmbeddedQuestions(chat, 8);
            var expected = folders.Folders.Prepend(null).Select(folder =>
            {
                chat.Use(folder);
                var scorer = new OptionScorer(chat.Model);
                return questions.Select(q => scorer.Read([q])[0]).ToList();
            }).ToList();
            chat.Use(null);
            var adapters = folders.Load(chat.Model);
            List<(int Adapter, int Number)> asked = [.. questions.Select((_, i) => (i * 7 % 5, i)), (1, 0), (2, 0), (3, 0), (4, 0)];

            foreach (var size in (int[])[1, 3, 12])
                foreach (var part in asked.Chunk(size))
                {
                    var together = new OptionScorer(chat.Model).Read(
                        [.. part.Select(a => questions[a.Number] with { Adapter = a.Adapter == 0 ? null : adapters[a.Adapter - 1] })]);
                    foreach (var ((adapter, number), reading) in part.Zip(together))
                    {
                        Assert.Equal(expected[adapter][number].Logits, reading.Logits);
                        Assert.Equal(expected[adapter][number].State, reading.State);
                    }
                }
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void A_generation_with_an_adapter_is_that_of_the_adapted_model()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 1);
        using var adapter = AdapterWeights.Load(model, folders.Folders[0]);
        GenerationRequest[] requests = [.. fixture.Sequences.Select((row, i) => new GenerationRequest(row, i))];
        var limits = new GenerationLimits(new HashSet<int>(), 8);

        var beside = new TokenGenerator(model, SamplingOptions.Greedy) { Adapter = adapter }.Generate(requests, limits);
        var bare = new TokenGenerator(model, SamplingOptions.Greedy).Generate(requests, limits);
        using var on = LoraAdapters.Load(model, folders.Folders[0]);
        var expected = new TokenGenerator(model, SamplingOptions.Greedy).Generate(requests, limits);

        Assert.Equal(expected, beside);
        Assert.NotEqual(expected, bare);
    }

    [Fact]
    public void What_cannot_be_read_is_refused()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var other = ParityFixture.Open("llama").Model();
        using var folders = new RandomAdapters(model, 2);
        using var folder = new TemporaryFolder();
        using (var head = LoraAdapters.Attach(model, new(2, 2, 0, false, ["q_proj", "lm_head"]), 1)) head.Save(folder["head"], "base");
        var adapters = folders.Load(model);
        var question = Questions(fixture)[0];

        var outside = Assert.Throws<UserErrorException>(() => AdapterWeights.Load(model, folder["head"]));
        var misfit = Assert.Throws<UserErrorException>(() => AdapterWeights.Load(other, folders.Folders[0]));
        var expected = Assert.Throws<UserErrorException>(() => LoraAdapters.Load(other, folders.Folders[0]));
        foreach (var m in other.Layers.SelectMany(l => l.Groups).SelectMany(g => g.Members)) m.Adapter = null;

        Assert.Contains("lm_head", outside.Message);
        Assert.Equal(expected.Message, misfit.Message);
        Assert.Throws<ArgumentException>(
            () => TokenBatch.Last([[1], [2], [3]], CPU, contexts: [new(adapters[0]), new(null), new(adapters[0])]));
        using var on = LoraAdapters.Load(model, folders.Folders[1]);
        Assert.Throws<InvalidOperationException>(() => new OptionScorer(model).Read([question with { Adapter = adapters[0] }]));
        foreach (var adapter in adapters) adapter.Dispose();
    }

    [Fact]
    public void Room_counts_a_beginning_once_for_each_adapter()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 2);
        var adapters = folders.Load(model);
        OptionQuestion Of(int own, int? adapter) =>
            new([.. Enumerable.Repeat(1, 9), own], new([], [[1], [2]])) { Adapter = adapter is { } a ? adapters[a] : null };

        var batches = new OptionScorer(model, 22).Batches([Of(2, 0), Of(3, 1), Of(4, 0), Of(5, null), Of(6, null), Of(7, 1)]);

        Assert.Equal([0..3, 3..6], batches);
        foreach (var adapter in adapters) adapter.Dispose();
    }

    [Fact]
    public void No_tensor_outlives_a_scoring_or_a_swapped_adapter()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 3);
        var questions = Questions(fixture);
        var scorer = new OptionScorer(model);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        Once();

        var before = statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++) Once();

        Assert.Equal(before, statistics.ThreadTotalLiveCount);

        void Once()
        {
            var adapters = folders.Load(model);
            scorer.Read([.. questions.Select((q, i) => q with { Adapter = i % 4 == 3 ? null : adapters[i % 4] })]);
            foreach (var adapter in adapters) adapter.Dispose();
        }
    }

    internal static List<OptionQuestion> Questions(ParityFixture fixture)
    {
        var beginning = fixture.Sequences[3][..10];
        return [.. Enumerable.Range(0, 6).Select(q => new OptionQuestion([.. beginning, .. fixture.Sequences[2].Skip(q), q],
            new([8, 9], q % 3 == 2 ? [[1], [2, 3, 4], [2, 3, 5]] : [[q + 1], [q + 2], [q + 3]])))];
    }

    internal static OptionQuestion[] EmbeddedQuestions(ChatModel chat, int count) =>
    [
        .. FinIntent.Data.Rows.QuestionFile.Load(Path.Combine(Reference.Root, "data", "intent_eval.json")).Take(count)
            .Select(q => chat.OptionQuestion(new(null, [new("user", q.Prompt.Text)]), [.. q.Options.Select(o => o.Label)])),
    ];

    internal static IReadOnlyList<OptionReading> With(CausalLanguageModel model, string? folder, IReadOnlyList<OptionQuestion> questions)
    {
        using var on = folder is null ? null : LoraAdapters.Load(model, folder);
        return new OptionScorer(model).Read(questions);
    }
}
