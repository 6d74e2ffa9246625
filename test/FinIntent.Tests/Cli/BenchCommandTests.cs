using System.Text.Json;
using FinIntent.Cli.Commands;
using FinIntent.Jobs.Bench;
using FinIntent.Runtime;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class BenchCommandTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Layers_are_taken_away_and_the_linear_weights_are_what_the_notation_says()
    {
        Assert.Equal(6_525_288_448, new BenchModel("qwen2.5-7b", null, torch.ScalarType.BFloat16, Devices.Default).LinearWeights());
        Assert.Equal(6_525_288_448 / 28 * 2, new BenchModel("qwen2.5-7b", 2, torch.ScalarType.BFloat16, Devices.Default).LinearWeights());
        var chatGlm = new BenchModel("chatglm3-6b", 2, torch.ScalarType.BFloat16, Devices.Default);
        Assert.Equal(2, chatGlm.Config.GetProperty("num_layers").GetInt32());
    }

    [Fact]
    public void Training_prints_a_table_and_leaves_its_rows_and_numbers()
    {
        var printed = Run("train", "--rows", "3", "--steps", "2", "--checkpointing", "--rows-file", _folder["rows.json"], "--json",
            _folder["numbers.json"]);

        using var rows = JsonDocument.Parse(File.ReadAllText(_folder["rows.json"]));
        using var numbers = JsonDocument.Parse(File.ReadAllText(_folder["numbers.json"]));
        Assert.Contains("LoRA, 3 rows an update, checkpointing", printed);
        Assert.Equal(3 * (2 + 1), rows.RootElement.GetArrayLength());
        foreach (var row in rows.RootElement.EnumerateArray())
        {
            var (ids, labels) = (row.GetProperty("input_ids").Deserialize<int[]>()!, row.GetProperty("labels").Deserialize<int[]>()!);
            Assert.InRange(ids.Length, 110, 140);
            Assert.Equal([.. Enumerable.Repeat(-100, ids.Length - 2), .. ids[^2..]], labels);
        }
        Assert.True(numbers.RootElement.GetProperty("lines").GetProperty("train").GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public void Scoring_measures_all_questions_and_one_with_and_without_an_adapter()
    {
        Run("score", "--questions", "2", "--passes", "1", "--adapter", "--json", _folder["numbers.json"]);

        using var numbers = JsonDocument.Parse(File.ReadAllText(_folder["numbers.json"]));
        Assert.Equal(["score", "score_one", "score_adapter", "score_adapter_one"], numbers.RootElement.GetProperty("lines")
            .EnumerateObject().Select(l => l.Name));
    }

    [Fact]
    public void Questions_share_the_tokens_asked_for_and_no_more()
    {
        Run("score", "--questions", "5", "--prefix", "40", "--passes", "1", "--rows-file", _folder["rows.json"]);

        using var json = JsonDocument.Parse(File.ReadAllText(_folder["rows.json"]));
        var rows = json.RootElement.EnumerateArray().Select(row => row.GetProperty("input_ids").Deserialize<int[]>()!).ToList();
        Assert.All(rows[1..], row => Assert.Equal(40, row.AsSpan().CommonPrefixLength(rows[0])));
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void Packed_weights_are_trained_and_scored(string format)
    {
        var trained = Run("train", "--rows", "1", "--steps", "1", "--quantization", format);
        var scored = Run("score", "--questions", "1", "--passes", "1", "--quantization", format);

        Assert.All([trained, scored], printed => Assert.Contains($"with {format} weights", printed));
    }

    [Theory]
    [InlineData("none", "cpu\n")]
    [InlineData("nf4", "packed into nf4\n")]
    public void Loading_leaves_no_checkpoint_behind(string format, string expected)
    {
        var printed = CommandLine.Run(BenchCommand.Build(), "load", "--shape", "tiny", "--in", _folder.Path, "--quantization", format);

        Assert.Contains(expected, printed);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("train", "--rows", "0", "--rows is 0; it must be at least 1")]
    [InlineData("score", "--prefix", "109", "--prefix is 109; it must be from 0 to 108, since the shortest rows have 110 tokens")]
    public void A_number_out_of_range_is_refused(string verb, string option, string value, string message) =>
        Assert.Equal(message, Assert.Throws<UserErrorException>(() => Run(verb, option, value)).Message);

    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", 989.0)]
    [InlineData("NVIDIA H100 PCIe", 756.0)]
    [InlineData("NVIDIA A100-SXM4-80GB", 312.0)]
    [InlineData("NVIDIA A10G", 70.0)]
    [InlineData("NVIDIA GeForce RTX 4090", 165.0)]
    [InlineData("NVIDIA L4", 121.0)]
    [InlineData("NVIDIA GeForce GTX 1080", null)]
    public void Known_GPUs_are_compared_with_their_datasheets(string name, double? tflops) =>
        Assert.Equal(tflops, MachineRate.Promised(name));

    static string Run(string verb, params string[] arguments) =>
        CommandLine.Run(BenchCommand.Build(), [verb, "--shape", "tiny", "--type", "fp32", .. arguments]);
}
