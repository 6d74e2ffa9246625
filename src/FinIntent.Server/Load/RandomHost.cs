using FinIntent.Classification;
using FinIntent.Intents;
using FinIntent.Jobs.Bench;
using FinIntent.Lora;
using FinIntent.Server.Serving;
using FinIntent.Text;

namespace FinIntent.Server.Load;

/// <summary>Serves random weights of a true shape, with random adapters upon them: speed does not depend on what the weights are.</summary>
/// <param name="Tokenizer">The folder with the tokenizer.</param>
/// <param name="Template">The chat template's name.</param>
/// <param name="Adapters">The adapters a1, a2 … of rank 8 on all linears.</param>
sealed record RandomHost(BenchModel Shape, string Tokenizer, string Template, int Adapters)
{
    const int Unbounded = 1 << 20;
    const string Digest = "0000000000000000";

    /// <summary>Makes the model, and the texts a second that classify's pipeline reaches with it before anything is served.</summary>
    public async Task<(ModelHost Host, double ClassifyRate)> CreateAsync(
        ServeOptions options, LoadTexts texts, TimeSpan duration, IServiceProvider services)
    {
        var set = LabelSet.Of(IntentSchema.OpenFinData);
        var source = new ClassifierSource(new(Tokenizer, []) { Template = Template, Type = Shape.Type }, [set])
        {
            MaxTokensPerForward = options.MaxBatchTokens,
            KeptBytes = options.KeptBeginningsMb * 1_000_000L,
        };
        var (rate, weights) = (0.0, new List<AdapterWeights>());
        var classifier = await IntentClassifier.OnOneThread(() =>
        {
            var tokenizer = Text.Tokenizer.Load(Tokenizer);
            var chat = Generation.ChatModel.Of(Shape.Create(isTrained: false), tokenizer, ChatTemplate.Get(Template, tokenizer));
            var model = new ClassifierModel(chat, source);
            Check(model, texts);
            rate = ClassifyRate.Measure(model, texts, duration);
            for (var i = 0; i < Adapters; i++) weights.Add(AdapterWeights.Random(chat.Model, BenchModel.Adapter, (ulong)i));
            return new IntentClassifier(model, Shape.Shape, Unbounded);
        });
        var own = new ServedVersion(Shape.Shape, Digest, classifier.Model.Taught, Tokenizer);
        var host = new ModelHost(classifier, own, new(classifier.Model.Chat, source, Shape.Shape, null), options, services);
        await host.WarmUpAsync(own);
        foreach (var (i, factors) in weights.Index())
        {
            var version = own with { Name = $"a{i + 1}", Parent = own.Name, Weights = factors };
            host.Models.Put(version);
            await host.WarmUpAsync(version);
        }
        return (host, rate);
    }

    void Check(ClassifierModel model, LoadTexts texts)
    {
        var (highest, size) = (model.Encode(texts[0], model.Set(null)).Question.Prompt.Max(), model.Chat.Model.Shape.UsableVocabulary);
        if (highest >= size)
            throw new UserErrorException($"{Tokenizer}: the tokenizer has a token {highest} and {Shape.Shape} only {size}; " +
                "name the tokenizer of that shape's family");
    }
}
