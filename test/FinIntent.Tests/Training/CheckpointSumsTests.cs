using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

/// <summary>Checkpoints whose bytes changed after they were saved.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class CheckpointSumsTests : IDisposable
{
    readonly Jobs.CheckedRun _run = new();

    public void Dispose() => _run.Dispose();

    string Out => _run["out"];

    /// <summary>Leaves checkpoints 1 and 2 of a run that is not finished.</summary>
    void Begin()
    {
        _run.Train("max_steps=2", "save_steps=1");
        File.Delete(Path.Combine(Out, "train_results.json"));
    }

    string ErrorOf(params string[] overrides) => Assert.Throws<UserErrorException>(() => _run.Train(["max_steps=3", .. overrides])).Message;

    void Flip(string file)
    {
        var path = Path.Combine(Out, file);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(path, bytes);
    }

    [Theory]
    [InlineData("adapter_model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("trainer_state.json")]
    [InlineData("run.json")]
    public void A_flipped_bit_is_told_with_its_file_and_the_checkpoint_before(string file)
    {
        Begin();
        Flip($"checkpoint-2/{file}");

        var message = ErrorOf();

        Assert.StartsWith($"{Path.Combine(Out, "checkpoint-2", file)}: its bytes are not those that were saved", message);
        Assert.EndsWith($"set resume_from_checkpoint: {Path.Combine(Out, "checkpoint-1")} to go on from the checkpoint before it", message);
        Assert.Contains(_run.Check("max_steps=3").Findings, f => f.Detail == message);
        Assert.True(_run.Train("max_steps=3", $"resume_from_checkpoint={Path.Combine(Out, "checkpoint-1")}").IsFinished);
    }

    [Fact]
    public void Without_a_whole_checkpoint_the_run_can_only_start_anew()
    {
        Begin();
        Flip("checkpoint-2/optimizer.safetensors");
        File.Delete(Path.Combine(Out, "checkpoint-1", "trainer_state.json"));
        Assert.EndsWith("start anew, with overwrite_output_dir: true and without resume_from_checkpoint", ErrorOf());

        Flip("checkpoint-2/optimizer.safetensors"); // back
        File.Delete(Path.Combine(Out, "checkpoint-2", "run.json"));
        Assert.Contains("run.json: it was saved, and is not there", ErrorOf("resume_from_checkpoint=true"));
        File.AppendAllText(Path.Combine(Out, "checkpoint-2", CheckpointSums.File), "x\n");
        Assert.Matches($@"{CheckpointSums.File}:\d+: it is not a line of that file", ErrorOf());

        Assert.True(_run.Train("max_steps=3", "overwrite_output_dir=true").IsFinished);
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_version_is_gone_on_with_and_sums_are_those_of_sha256sum()
    {
        Begin();
        var lines = File.ReadAllLines(Path.Combine(Out, "checkpoint-2", CheckpointSums.File));
        Assert.Equal(Directory.GetFiles(Path.Combine(Out, "checkpoint-2")).Select(Path.GetFileName).Except([CheckpointSums.File]).Order(),
            lines.Select(line => line[66..]).Order());
        foreach (var line in lines)
        {
            var bytes = File.ReadAllBytes(Path.Combine(Out, "checkpoint-2", line[66..]));
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)) + "  ", line[..66]);
        }
        foreach (var step in (int[])[1, 2]) File.Delete(Path.Combine(Out, $"checkpoint-{step}", CheckpointSums.File));

        Assert.True(_run.Train("max_steps=3").IsFinished);
    }
}
