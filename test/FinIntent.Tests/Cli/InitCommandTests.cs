using System.CommandLine;
using System.Text.Json;
using FinIntent.Cli.Commands;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Tokens;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Cli;

[Collection(TorchRandomCollection.Name)]
public sealed class InitCommandTests : IDisposable
{
    static readonly string[] Files = ["dataset_info.json", "eval.json", "eval.yaml", "export.yaml", "generate.yaml", "inference.yaml",
        "schema.yaml", "train.json", "train.yaml", "val.json"];

    readonly TemporaryFolder _temporary = new();

    string Folder => _temporary["my_intents"];

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("--language", "zh"), InlineData("--language", "en", "--labels", "names"),
        InlineData("--language", "en", "--name", "helpdesk")]
    [InlineData("--intents", "信用卡,开户, 转账：到账,no"), InlineData("--count", "200", "--language", "en"),
        InlineData("--count", "26", "--language", "zh", "--labels", "letters")]
    public void A_folder_has_a_schema_rows_and_settings_that_load(params string[] arguments)
    {
        Init(arguments);

        Assert.Equal(Files, Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var schema = IntentSchema.Load(Path.Combine(Folder, "schema.yaml"));
        Assert.All(schema.Intents, intent => Assert.True(intent is { Description.Length: > 0, Examples.Count: 2 }));
        var isNamed = arguments.Contains("names") || arguments.Contains("200");
        Assert.Equal(isNamed ? LabelKind.Names : LabelKind.Letters, schema.Labels);
        foreach (var split in (string[])["train", "val", "eval"])
        {
            var questions = QuestionFile.Load(Path.Combine(Folder, split + ".json"));
            Assert.Equal(schema.Options, questions.Select(q => q.Options.First(o => o.Label == q.Gold)).Distinct()
                .OrderBy(o => schema.Options.ToList().IndexOf(o)));
            Assert.All(questions, q => Assert.Equal(schema.Prompt(q.Question).Text, q.Prompt.Text));
        }
        var settings = ((string[])["train", "export", "eval", "inference", "generate"])
            .Select(verb => SettingsFile.Load(Path.Combine(Folder, verb + ".yaml"), [])).ToList();
        Assert.Equal(schema.Name + "_train", settings[0].Dataset.Dataset[0]);
    }

    [Fact]
    public void No_row_of_a_split_repeats_anothers()
    {
        foreach (var arguments in (string[][])[["--language", "zh"], ["--language", "en"], ["--count", "40", "--language", "en"],
            ["--count", "40"]])
        {
            Init(arguments);
            string[] files = [.. Files.Where(f => f is "train.json" or "val.json" or "eval.json").Select(f => Path.Combine(Folder, f))];
            foreach (var (rows, others) in files.SelectMany(a => files.Where(b => a != b), (a, b) => (a, b)))
            {
                var report = new LeakReport();
                new LeakCheck(LeakCheck.QuestionsOf(others)).Compare(rows, report);
                Assert.Empty(report.Lines);
            }
            Directory.Delete(Folder, recursive: true);
        }
    }

    [Fact]
    public void Nothing_is_overwritten_and_nothing_half_written()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "eval.yaml"), "mine");

        var error = Assert.Throws<UserErrorException>(() => Init());

        Assert.Contains("eval.yaml: the file is there already", error.Message);
        Assert.Equal("mine", File.ReadAllText(Assert.Single(Directory.GetFiles(Folder))));
    }

    [Theory]
    [InlineData("--count 27 --labels letters", "there are 26 letters and 27 intents; use --labels names")]
    [InlineData("--count 201", "--count: 201 intents; give 2 to 200")]
    [InlineData("--intents a", "--intents: 1 intents; give 2 to 200")]
    [InlineData("--intents a,b,A", "\"a\" occurs 2 times")]
    [InlineData("--intents a,b --count 2", "--intents names them, too")]
    [InlineData("--name a/b", "--name \"a/b\"")]
    public void Wrong_arguments_are_refused(string arguments, string expected)
    {
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Init(arguments.Split(' '))).Message);
        Assert.False(Directory.Exists(Folder));
    }

    /// <summary>The whole way on the embedded model, a few steps of it.</summary>
    [Theory, InlineData("letters", "zh"), InlineData("names", "en")]
    public void The_folder_runs_as_it_is(string labels, string language)
    {
        Init("--labels", labels, "--language", language);
        var settings = SettingsFile.Load(Path.Combine(Folder, "train.yaml"), ["max_steps=3", "per_device_train_batch_size=4"]);

        var result = TrainJob.Run(settings, new(TextWriter.Null, TextWriter.Null), CancellationToken.None);
        var printed = CommandLine.Run(EvalCommand.Build(), Path.Combine(Folder, "eval.yaml"));
        var gold = Path.Combine(Folder, "gold.jsonl");
        File.WriteAllLines(gold, QuestionFile.Load(Path.Combine(Folder, "eval.json")).Select(q =>
            JsonSerializer.Serialize(new { id = q.Id, question = q.Question, gold = q.Options.First(o => o.Label == q.Gold).Name })));
        CommandLine.Run(EvalCommand.Build(), Path.Combine(Folder, "eval.yaml"), "eval_file=" + gold, "output_dir=" + _temporary["gold"]);

        Assert.True(result.IsFinished && result.Steps == 3);
        Assert.Contains("option scoring", printed);
        var predictions = PredictionFile.Read(Path.Combine(Folder, "saves", "eval", "predictions.jsonl"));
        Assert.Equal(10, predictions.Count);
        Assert.All(predictions, p => Assert.Equal(5, p.Options!.Count));
        // Rows that name their intent are asked in the same words.
        Assert.Equal(predictions.Select(p => (p.Gold, p.Output, p.Probabilities!.Values.Max())),
            PredictionFile.Read(_temporary["gold/predictions.jsonl"]).Select(p => (p.Gold, p.Output, p.Probabilities!.Values.Max())));
    }

    string Init(params string[] arguments) => CommandLine.Run(InitCommand.Build(),
        [Folder, "--model", Path.Combine(Reference.Root, "models", "finintent-8m"), "--template", "default", .. arguments]);
}
