using System.CommandLine;
using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Cli.Commands;
using FinIntent.Tests.Contracts;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class InspectLogitsTests
{
    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void The_file_has_the_references_logits(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var folder = new TemporaryFolder();
        var tokens = folder.Write("tokens.json", JsonSerializer.Serialize(fixture.Sequences));

        CommandLine.Run(InspectLogits.Build(), "--model", fixture.Folder, "--tokens", tokens, "--out", folder["base.safetensors"]);
        CommandLine.Run(InspectLogits.Build(), "--model", fixture.Folder, "--adapter", fixture.FinalAdapter,
            "--tokens", tokens, "--out", folder["lora.safetensors"]);

        using var plain = SafetensorsFile.Open(folder["base.safetensors"]);
        using var adapted = SafetensorsFile.Open(folder["lora.safetensors"]);
        Assert.Equal(fixture.Sequences.Length, plain.Tensors.Count);
        for (var i = 0; i < fixture.Sequences.Length; i++)
        {
            TensorAssert.Close(fixture.Expected($"logits.{i}"), plain.Read($"logits.{i}"), 1e-4, $"logits.{i}");
            TensorAssert.Close(fixture.Expected($"lora_logits.{i}"), adapted.Read($"logits.{i}"), 1e-4, $"lora_logits.{i}");
        }
    }

    [Theory]
    [InlineData("{}", "list of lists")]
    [InlineData("[[1, 2], []]", "list 1 has 0 tokens")]
    [InlineData("[[1, 47]]", "id 47")]
    [InlineData("[[-1]]", "id -1")]
    public void Token_files_that_do_not_fit_are_refused(string content, string named)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var folder = new TemporaryFolder();
        var tokens = folder.Write("tokens.json", content);

        var error = Assert.Throws<UserErrorException>(
            () => CommandLine.Run(InspectLogits.Build(), "--model", fixture.Folder, "--tokens", tokens, "--out", folder["x.safetensors"]));

        Assert.Contains(named, error.Message);
        Assert.Contains(tokens, error.Message);
    }
}
