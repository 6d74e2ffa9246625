using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Authoring;
using FinIntent.Checkpoints;
using FinIntent.Data.Tokens;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Upgrade;

/// <summary>What earlier releases left on a disk is gone on with, used and reported by today's program.</summary>
public sealed class UpgradeTests : IDisposable
{
    /// <summary>Of numbers that another CPU, or the same with other kernels, computes: it rounds otherwise.</summary>
    const double Relative = 1e-6;

    readonly EarlierFiles _files = new("be23cd3");

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_training_that_was_stopped_ends_as_the_one_that_was_not()
    {
        var output = _files.Run("train", "train.yaml", "output_dir=stopped");

        Assert.Contains("going on from", output);
        AssertClose(Losses("finished"), Losses("stopped"));
        AssertSameWeights("finished/adapter_model.safetensors", "stopped/adapter_model.safetensors");
        var (before, after) = (Json("finished/run.json"), Json("stopped/run.json"));
        Assert.Equal((1, (string?)before["base_fingerprint"]), ((int?)after[FormatVersion.Key], (string?)after["base_fingerprint"]));
    }

    [Fact]
    public void An_adapter_is_exported_as_before()
    {
        _files.Run("export", "export.yaml", "export_dir=again");

        Assert.Equal(File.ReadAllBytes(_files["exported/config.json"]), File.ReadAllBytes(_files["again/config.json"]));
        AssertSameWeights("exported/model.safetensors", "again/model.safetensors");
        var record = Json("again/finintent.json"); // it tells more than in format 1's first version, and the same where that told it
        foreach (var (key, value) in Json("exported/finintent.json")) Assert.True(JsonNode.DeepEquals(value, record[key]), key);
    }

    [Fact]
    public void An_exported_model_knows_its_template_and_the_rows_it_was_trained_on()
    {
        string[] model = ["model_name_or_path=exported", "adapter_name_or_path="];
        string[] exported = ["eval", "eval.yaml", .. model, "permutations=", "scoring=options", "output_dir=out"];

        _files.Run([.. exported, "template="]);
        var refusal = _files.Refusal([.. exported, "template=llama3", "overwrite_output_dir=true"]);
        Assert.Contains("exported was trained with \"qwen\"", refusal);
        var row = JsonNode.Parse(_files.Text("data/rows.json"))![0]!["input"]!;
        File.WriteAllText(_files["eval.json"], $$"""[{"question": "{{row}}", "gold": "card"}]""");

        Assert.Contains("rows.json", _files.Refusal([.. exported, "overwrite_output_dir=true"]));
        AssertClose(Probabilities("answers-exported/predictions.jsonl"), Probabilities("out/predictions.jsonl"));
    }

    [Fact]
    public void Predictions_that_are_half_there_are_gone_on_with()
    {
        var kept = PredictionFile.Read(_files["orders-half/predictions.jsonl"]);
        _files.Run("eval", "eval.yaml", "output_dir=answers-half", "permutations=");
        _files.Run("eval", "eval.yaml", "output_dir=orders-half");

        foreach (var file in (string[])["answers-half/predictions.jsonl", "orders-half/permutations.jsonl"])
        {
            var whole = "answers/" + Path.GetFileName(file);
            Assert.Equal(PredictionFile.Read(_files[whole]).Select(p => (p.Id, p.Question, p.Output)),
                PredictionFile.Read(_files[file]).Select(p => (p.Id, p.Question, p.Output)));
            AssertClose(Probabilities(whole), Probabilities(file));
        }
        Assert.Equal(kept.Select(p => p.ToLine()), PredictionFile.Read(_files["orders-half/predictions.jsonl"]).Select(p => p.ToLine()));
        AssertSameNumbers(Json("answers/summary.json")["models"]![0]!, Json("orders-half/summary.json")["models"]![0]!, "mean_seconds");
        Assert.Equal(1, (int?)Json("orders-half/permutations.run.json")[FormatVersion.Key]);
    }

    [Fact]
    public void Predictions_are_reported_with_the_numbers_of_before()
    {
        _files.Run("report", "answers/predictions.jsonl", "asked/predictions.jsonl", "--out", "out", "--json", "report.json");

        AssertSameNumbers(Json("answers/summary.json")["models"]![0]!, Json("report.json")["models"]![0]!, without: ["robustness"]);
        AssertSameNumbers(Json("asked/summary.json")["models"]![0]!, Json("report.json")["models"]![1]!, without: ["api"]);
    }

    [Fact]
    public void Answers_of_an_API_that_are_all_there_are_not_asked_for_again()
    {
        var before = Json("asked/summary.json");
        var answers = _files.Text("asked/predictions.jsonl");

        _files.Run("eval", "api.yaml", "output_dir=asked"); // nobody listens at its address

        Assert.Equal(answers, _files.Text("asked/predictions.jsonl"));
        AssertSameNumbers(before["models"]![0]!, Json("asked/summary.json")["models"]![0]!);
    }

    [Fact]
    public void A_study_that_is_finished_is_kept_and_one_that_was_stopped_goes_on()
    {
        var before = Json("study/report.json");

        var whole = _files.Run("experiment", "study.yaml");
        var half = _files.Run("experiment", "study.yaml", "output_dir=study-half");

        Assert.Equal(3, whole.Split("kept from before").Length - 1);
        Assert.Equal(2, half.Split("kept from before").Length - 1);
        Assert.Contains("going on from", half);
        foreach (var folder in (string[])["study", "study-half"])
        {
            foreach (var (i, model) in before["models"]!.AsArray().Index())
                AssertSameNumbers(model!, Json($"{folder}/report.json")["models"]![i]!, without: ["mean_seconds"]);
            AssertSameNumbers(before["groups"]![0]!, Json($"{folder}/report.json")["groups"]![0]!);
        }
        AssertSameWeights("study/tiny/seed-2/train/adapter_model.safetensors", "study-half/tiny/seed-2/train/adapter_model.safetensors");
    }

    [Fact]
    public void A_journal_of_generation_is_gone_on_with()
    {
        var (code, output) = _files.RunAny("data", "generate", "write.yaml", "--local", "output_dir=written-half");

        Assert.True(code == 1 && output.Contains("(stalled_rounds)"), output); // as before: the model has random weights
        Assert.Equal(Journal("written"), Journal("written-half").Distinct()); // one request had been sent, and its answer was cut off
    }

    [Fact]
    public void Rows_that_were_written_come_out_of_their_journal_again()
    {
        var rows = _files.Text("authored/rows.json");
        var provenance = _files.Text("authored/provenance.jsonl");
        File.Delete(_files["authored/rows.json"]);

        _files.Run("data", "generate", "generate.yaml", "output_dir=authored"); // nobody listens at its address

        Assert.Equal(rows, _files.Text("authored/rows.json"));
        Assert.Equal(provenance, _files.Text("authored/provenance.jsonl"));
    }

    [Fact]
    public void Tokens_are_read_from_their_cache_and_from_their_file()
    {
        using var stored = StoredRows.Open(Directory.GetFiles(_files["cache/tokens"]).Single())!.Value.Rows;
        List<TokenRow> rows = [];
        TokenizedFile.Read(_files["tokens.jsonl"], (_, row) => row, rows.Add);

        Assert.Equal(8, rows.Count);
        Assert.Equal(rows.Select(Numbers), Enumerable.Range(0, stored.Count).Select(stored.Read).Select(Numbers));
        Assert.Contains("8 training rows", _files.Run("train", "train.yaml", "dataset=", "tokenized_path=tokens.jsonl", "leak_check_files=",
            "max_steps=1", "save_strategy=no", "output_dir=out"));
    }

    [Fact]
    public void A_commit_in_the_cache_of_a_hub_is_found_without_a_network()
    {
        var commit = new string('5', 40);

        Assert.Contains(Path.Combine("snapshots", commit), _files.Run("download", "bank/adapter"));
    }

    static (string, string) Numbers(TokenRow row) => (string.Join(' ', row.InputIds), string.Join(' ', row.Labels));

    double[] Losses(string run) =>
        [.. _files.Lines($"{run}/trainer_log.jsonl").Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    double[] Probabilities(string file) => [.. PredictionFile.Read(_files[file]).SelectMany(p => p.Probabilities!.Values)];

    JsonObject Json(string file) => JsonNode.Parse(_files.Text(file))!.AsObject();

    /// <summary>Of each line all but the times.</summary>
    IEnumerable<(JournalKind, string, string?, string?)> Journal(string folder) => _files.Lines($"{folder}/journal.jsonl")
        .Select(line => JournalRecord.Parse(line, folder)).Select(record => (record.Kind, record.Id, record.User, record.Text));

    void AssertSameWeights(string expected, string actual)
    {
        using var before = SafetensorsFile.Open(_files[expected]);
        using var after = SafetensorsFile.Open(_files[actual]);
        Assert.Equal(before.Tensors.Keys.Order(), after.Tensors.Keys.Order());
        foreach (var name in before.Tensors.Keys)
        {
            using var difference = before.Read(name).@double() - after.Read(name).@double();
            Assert.InRange(difference.abs().max().item<double>(), 0, 1e-5);
        }
    }

    static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Relative * Math.Abs(pair.First)));
    }

    /// <summary>Every number of the first is in the second; later versions may tell more.</summary>
    static void AssertSameNumbers(JsonNode expected, JsonNode actual, params string[] without)
    {
        if (expected is JsonObject map)
        {
            foreach (var (key, value) in map.Where(p => p.Value is not null && !without.Contains(p.Key)))
            {
                Assert.True(actual[key] is not null, $"{key} is no longer there: {actual}");
                AssertSameNumbers(value!, actual[key]!, without);
            }
        }
        else if (expected is JsonArray list)
        {
            foreach (var (i, value) in list.Index().Where(item => item.Item is not null)) AssertSameNumbers(value!, actual[i]!, without);
        }
        else if (expected.GetValueKind() == JsonValueKind.Number)
        {
            Assert.Equal((double)expected, (double)actual, Relative * Math.Max(1, Math.Abs((double)expected)));
        }
    }
}
