using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>data convert rows, data stats, data split, data card.</summary>
public sealed class DataCurationTests : IDisposable
{
    static readonly string Data = Path.Combine(Reference.Root, "data");
    static readonly string Model = Path.Combine(Reference.Root, "models", "finintent-8m");

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_banking_rows_are_their_csv_converted()
    {
        foreach (var split in (string[])["train", "val", "eval"])
        {
            var output = _folder[split + ".json"];

            Run("convert", "rows", "--schema", Path.Combine(Reference.Root, "config", "banking", "schema.yaml"), "--input",
                Path.Combine(Data, "banking", split + ".csv"), "--output", output);

            Assert.Equal(File.ReadAllText(Path.Combine(Data, "banking", split + ".json")), File.ReadAllText(output));
        }
    }

    /// <summary>
    /// Ten of our rows get another label; the embedded model, which has not seen these rows with any label, finds most of them.
    /// </summary>
    [Fact]
    public void Wrong_labels_are_found_by_the_embedded_model()
    {
        var rows = JsonNode.Parse(File.ReadAllText(Path.Combine(Data, "intent_train.json")))!.AsArray();
        int[] changed = [.. Enumerable.Range(0, 10).Select(i => 20 + 47 * i)];
        foreach (var i in changed) rows[i]!["output"] = ((string)rows[i]!["output"]!)[0] is 'E' ? "A" : "E";
        var file = _folder.Write("rows.json", rows.ToJsonString());

        Run("stats", file, "--model", Model, "--confidence", "0.7", "--json", _folder["stats.json"]);

        var labels = JsonNode.Parse(File.ReadAllText(_folder["stats.json"]))!["labels"]!;
        var lines = QuestionFile.LoadLabelled(file, null).Select(row => row.Place).ToList();
        var told = labels["suspicious"]!.AsArray().Select(d => (string)d!["question"]!).ToHashSet();
        var wrong = QuestionFile.LoadLabelled(file, null).Where((_, i) => changed.Contains(i)).Count(row => told.Contains(row.Question));
        Assert.InRange(wrong, 7, 10);
        Assert.InRange(told.Count, wrong, 40);
    }

    [Fact]
    public void Stats_count_classes_lengths_and_duplicates()
    {
        var one = _folder.Write("one.jsonl", Rows(("where is my card", "a"), ("where is my card?", "b"), ("lost", "a")));
        var two = _folder.Write("two.jsonl", Rows(("lost", "a"), ("something else entirely", "b")));

        var printed = Run("stats", one, two, "--model", Model, "--template", "default", "empty", "--folds", "0", "--json",
            _folder["stats.json"]);

        Assert.Contains($"{one}: 3 rows, 2 classes", printed);
        Assert.Contains("duplicates within files: 0 exact, 1 near; 1 of them with different labels", printed);
        Assert.Contains("duplicates across files: 1 exact, 0 near; 0 of them with different labels", printed);
        Assert.Contains($"{one}:1 \"where is my card\" – {one}:2 \"where is my card?\"", printed);
        var json = JsonNode.Parse(File.ReadAllText(_folder["stats.json"]))!;
        var characters = json["files"]![0]!["characters"]!;
        Assert.Equal((4, 37 / 3.0, 16, 17),
            ((int)characters["least"]!, (double)characters["mean"]!, (int)characters["median"]!, (int)characters["most"]!));
        Assert.Equal(["default", "empty"], json["files"]![0]!["tokens"]!.AsObject().Select(t => t.Key));
        Assert.True((int)json["files"]![0]!["tokens"]!["default"]!["least"]! > (int)json["files"]![0]!["tokens"]!["empty"]!["least"]!);
        Assert.Null(json["labels"]);
    }

    [Fact]
    public void A_split_is_stratified_repeatable_and_without_leaks()
    {
        var file = Path.Combine(Data, "intent_train.json");
        var printed = Run("split", file, "--out", _folder["s"], "--val", "0.1", "--eval", "0.2", "--seed", "7");
        Run("split", file, "--out", _folder["again"], "--val", "0.1", "--eval", "0.2", "--seed", "7");

        var parts = ((string[])["train", "val", "eval"]).Select(name => QuestionFile.LoadLabelled(_folder[$"s/{name}.json"], null))
            .ToList();
        Assert.Equal(500, parts.Sum(p => p.Count));
        Assert.Equal([11, 12, 9, 11, 8], parts[1].CountBy(r => r.Label).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal([22, 24, 17, 21, 16], parts[2].CountBy(r => r.Label).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal(QuestionFile.LoadLabelled(file, null).Select(r => (r.Conversation.Messages[0].Content, r.Label))
            .Order(), parts.SelectMany(p => p).Select(r => (r.Conversation.Messages[0].Content, r.Label)).Order());
        foreach (var name in (string[])["train.json", "val.json", "eval.json", "dataset_info.json"])
            Assert.Equal(File.ReadAllBytes(_folder["s/" + name]), File.ReadAllBytes(_folder["again/" + name]));
        Run("leaks", "--rows", _folder["s/train.json"], "--questions", _folder["s/val.json"], _folder["s/eval.json"]);
        Assert.Contains("train.json: 349 rows", printed);
        Assert.Contains("is there already", Assert.Throws<UserErrorException>(() => Run("split", file, "--out", _folder["s"])).Message);
    }

    [Fact]
    public void Parts_keep_system_texts_and_training_reads_them()
    {
        var rows = Enumerable.Range(0, 20)
            .Select(i => JsonSerializer.Serialize(new { instruction = new string((char)('a' + i), 9), output = "x", system = "s" }));
        var file = _folder.Write("rows.jsonl", string.Join('\n', rows));

        Run("split", file, "--out", _folder["s"]);

        var entry = DatasetRegistry.Open(_folder["s"]).Get("train");
        Assert.All(QuestionFile.LoadLabelled(entry.Path, null, entry), row => Assert.Equal("s", row.Conversation.System));
    }

    [Fact]
    public void Near_duplicates_are_on_one_side()
    {
        var rows = QuestionFile.LoadLabelled(Path.Combine(Data, "banking", "val.csv"), null)
            .SelectMany(row => new[] { (row.Question, row.Intent), (row.Question + " ok?", row.Intent) });
        Run("split", _folder.Write("rows.jsonl", Rows([.. rows])), "--out", _folder["s"], "--val", "0.2", "--eval", "0.2");

        Run("leaks", "--rows", _folder["s/train.json"], "--questions", _folder["s/val.json"], _folder["s/eval.json"]);
        Run("leaks", "--rows", _folder["s/val.json"], "--questions", _folder["s/eval.json"]);
    }

    [Theory]
    [InlineData("--val", "0.6", "--eval", "0.5"), InlineData("--val", "-0.1", "--eval", "0.5"), InlineData("--val", "0", "--eval", "0")]
    public void Impossible_shares_are_refused(params string[] shares) =>
        Assert.Contains("shares are",
            Assert.Throws<UserErrorException>(() =>
            Run(["split", Path.Combine(Data, "intent_val.json"), "--out", _folder["s"], .. shares])).Message);

    [Fact]
    public void A_card_tells_what_the_rows_do()
    {
        var file = _folder.Write("rows.jsonl", Rows(("where is my card", "a"), ("gone | lost", "b"), ("lost", "b"))
            .Replace("\"gold\"", "\"model\": \"writer-1\", \"gold\""));

        Run("card", file, "--out", _folder["README.md"], "--name", "my cards", "--license", "cc-by-4.0");

        var card = File.ReadAllText(_folder["README.md"]);
        Assert.StartsWith("---\nlicense: cc-by-4.0\nlanguage:\n- en\ntask_categories:\n- text-classification\nsize_categories:\n- n<1K\n",
            card);
        Assert.Contains("pretty_name: my cards\n---\n\n# my cards\n", card);
        Assert.Contains("| `rows.jsonl` | 3 | 2 | 4, 10.3, 11, 16, 16 |", card);
        Assert.Contains("- `model`: writer-1 (3)", card);
        Assert.Contains("| b | b | 2 |", card);
        Assert.Contains("| gone \\| lost | b |", card);
        Assert.Contains("The smallest class: a, 1 rows in `rows.jsonl`", card);
    }

    [Fact]
    public void A_Chinese_card_has_the_schemas_descriptions_and_order()
    {
        Run("card", "intent_eval", "--dataset-dir", Data, "--schema",
            Path.Combine(Reference.Root, "config", "intents", "openfindata.yaml"), "--out", _folder["README.md"]);

        var card = File.ReadAllText(_folder["README.md"]);
        Assert.Contains("language:\n- zh\n", card);
        Assert.Contains("| E | 基金问询 | 20 | 问基金和 ETF", card);
        Assert.True(card.IndexOf("| A | 行业板块问询 | 26 |", StringComparison.Ordinal) < card.IndexOf("| B | 个股问询 | 48 |",
            StringComparison.Ordinal));
        Assert.Contains("来历", card);
    }

    static string Rows(params (string Question, string Gold)[] rows) =>
        string.Concat(rows.Select(r => JsonSerializer.Serialize(new { question = r.Question, gold = r.Gold }) + "\n"));

    static string Run(params string[] arguments) => CommandLine.Run(DataCommand.Build(), arguments);
}
