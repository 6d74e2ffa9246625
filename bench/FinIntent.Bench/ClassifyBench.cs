using System.Diagnostics;
using System.Text.Json;
using FinIntent.Classification;
using FinIntent.Data.Rows;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Jobs.Bench;
using FinIntent.Jobs.Classify;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Text;
using static System.FormattableString;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>How many texts a second `finintent classify` answers, beside what the device's own product would allow.</summary>
/// <param name="model">The folder of a model; with a shape only its tokenizer is used.</param>
/// <param name="shape">The shape of a model with random weights; null means the folder's own weights.</param>
/// <param name="type">The type to compute in; null means the folder's, or fp32 on a CPU that is slower in 16 bits.</param>
sealed class ClassifyBench(string model, string template, BenchModel? shape, ScalarType? type, Device device)
{
    const int TextsAlone = 50;

    static readonly string[] Tails = ["", "吗", "呢", "啊", "请问", "谢谢", "急", "在线等", "怎么办", "有人知道吗"];

    /// <summary>The tokens of a forward; null means as many as suit the device.</summary>
    public int? Tokens { get; init; }

    /// <summary>Prints texts a second of the whole pipeline, of its forwards alone, one text's time, and the product's rate.</summary>
    public void Run(string questions, int rows)
    {
        var set = LabelSet.Of(IntentSchema.OpenFinData);
        using var classifier = Create(set);
        var options = new ClassifyOptions(set, "text", 256_000_000);
        IEnumerable<SourceRow> texts = Texts([.. QuestionFile.LoadLabelled(questions, null).Select(row => row.Question).Distinct()]);
        new ClassifyPipeline(classifier, options, null).Run(_ => texts.Take(400), (_, _, _) => { }, default); // warms up

        var own = OwnTokens(classifier, set, texts);
        var weights = LinearWeights(classifier.Chat.Model);
        var product = Product(classifier.Chat.Model);
        var clock = Stopwatch.StartNew();
        new ClassifyPipeline(classifier, options, null).Run(_ => texts.Take(rows), (_, answer, error) =>
        {
            if (answer is null) throw new InvalidOperationException(error);
        }, default);
        var rate = rows / clock.Elapsed.TotalSeconds;
        var forwards = ForwardRate(classifier, set, [.. texts.Take(Math.Min(rows, 20_000))]);
        var possible = product * 1e12 / (2.0 * weights * own);
        Console.WriteLine(Invariant(
            $"{rows:n0} different texts: {rate:n1} texts/s; forwards alone, encoded before: {forwards:n1} texts/s"));
        Console.WriteLine(Invariant($"reading and encoding a text: {1000 * EncodeSeconds(classifier, set, texts.Take(2000)):f3} ms"));
        Console.WriteLine(Invariant($"one text: {OneText(classifier, set, texts):f2} ms"));
        Console.WriteLine(Invariant($"{own:f1} tokens a text behind the shared beginning, {weights / 1e6:n1} M weights in products"));
        Console.WriteLine(Invariant($"product in {classifier.Chat.Model.FormatName}: {product:f3} TFLOP/s = {possible:n1} texts/s; ") +
            Invariant($"classify reaches {100 * rate / possible:f1} % of it"));
    }

    ClassifierModel Create(LabelSet set)
    {
        var source = new ClassifierSource(new(model, []) { Template = template, Type = type }, [set]) { MaxTokensPerForward = Tokens };
        if (shape is null) return ClassifierModel.Load(source, device);
        var tokenizer = Tokenizer.Load(model);
        return new(ChatModel.Of(shape.Create(isTrained: false), tokenizer, ChatTemplate.Get(template, tokenizer)), source);
    }

    IEnumerable<SourceRow> Texts(string[] questions)
    {
        for (var i = 0; ; i++)
        {
            var round = i / questions.Length;
            var text = questions[i % questions.Length] + Tails[round % Tails.Length]
                + (round >= Tails.Length ? $"{round / Tails.Length}" : "");
            yield return new("texts", i + 1, true, JsonSerializer.SerializeToElement(new { text }));
        }
    }

    static double OwnTokens(ClassifierModel classifier, LabelSet set, IEnumerable<SourceRow> texts)
    {
        int[][] prompts = [.. texts.Take(1000).Select(row => classifier.Encode(row.Text("text")!, set).Question.Prompt)];
        var shared = prompts.Min(p => p.AsSpan().CommonPrefixLength(prompts[0]));
        return prompts.Average(p => p.Length) - shared;
    }

    static double ForwardRate(ClassifierModel classifier, LabelSet set, SourceRow[] texts)
    {
        OptionQuestion[] questions = [.. texts.Select(row => classifier.Encode(row.Text("text")!, set).Question)];
        var scorer = classifier.Scorer;
        List<OptionQuestion[]> batches = [.. scorer.Batches(questions).Select(range => questions[range])];
        var clock = Stopwatch.StartNew();
        ScoringPass? running = null;
        foreach (var batch in batches)
        {
            var next = scorer.Begin(batch);
            if (running is not null) scorer.Finish(running, running.Questions);
            running = next;
        }
        scorer.Finish(running!, running!.Questions);
        return questions.Length / clock.Elapsed.TotalSeconds;
    }

    static double EncodeSeconds(ClassifierModel classifier, LabelSet set, IEnumerable<SourceRow> texts)
    {
        var (clock, count) = (Stopwatch.StartNew(), 0);
        foreach (var row in texts)
        {
            classifier.Encode(row.Text("text")!, set);
            count++;
        }
        return clock.Elapsed.TotalSeconds / count;
    }

    static double OneText(ClassifierModel classifier, LabelSet set, IEnumerable<SourceRow> texts)
    {
        List<double> times = [];
        foreach (var row in texts.Take(TextsAlone))
        {
            var clock = Stopwatch.StartNew();
            classifier.Scorer.Read([classifier.Encode(row.Text("text")!, set).Question]);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }
        return times.Order().ElementAt(times.Count / 2);
    }

    double Product(CausalLanguageModel of) =>
        MachineRate.Measure(shape ?? new BenchModel("qwen2.5-0.5b", null, of.Placement.Type, device)).ProductTflops;

    double LinearWeights(CausalLanguageModel of) => shape?.LinearWeights()
        ?? of.named_parameters().Where(p => p.parameter.dim() == 2 && p.name.Contains(".layers.")).Sum(p => (double)p.parameter.numel());
}
