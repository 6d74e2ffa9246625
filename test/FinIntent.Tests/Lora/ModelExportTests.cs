using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Lora;

public sealed class ModelExportTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void An_exported_model_has_the_merged_references_logits(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var _ = no_grad();

        var report = ModelExport.Run(Request(fixture));

        Assert.InRange(report.LargestDifference, 0, 1e-4);
        Assert.True(report.AdapterEffect > 0.1);
        using var model = PretrainedModel.Load(_folder["out"], Placement.Cpu());
        for (var i = 0; i < fixture.Sequences.Length; i++)
        {
            using var expected = fixture.Expected($"merged_logits.{i}");
            using var batch = TokenBatch.All([fixture.Sequences[i]], CPU);
            using var actual = model.forward(batch);
            TensorAssert.Close(expected, actual, 1e-4, $"merged_logits.{i}");
        }
    }

    [Fact]
    public void A_tied_head_stays_tied_and_shards_keep_their_size()
    {
        using var fixture = ParityFixture.Open("qwen2_tied");

        ModelExport.Run(Request(fixture) with { MaxShardBytes = 20_000 });

        using var before = Checkpoint.Open(fixture.Folder);
        using var after = Checkpoint.Open(_folder["out"]);
        Assert.Equal(before.Tensors.Keys.Order(), after.Tensors.Keys.Order());
        Assert.DoesNotContain("lm_head.weight", after.Tensors.Keys);
        var shards = Directory.GetFiles(_folder["out"], "model-*.safetensors");
        Assert.True(shards.Length > 1);
        Assert.All(shards, file => Assert.InRange(new FileInfo(file).Length, 1, 24_000));
    }

    [Fact]
    public void Another_type_is_written_and_named_in_the_config()
    {
        using var fixture = ParityFixture.Open("qwen2");

        var report = ModelExport.Run(Request(fixture) with { Type = ScalarType.BFloat16, Template = "qwen" });

        using var after = Checkpoint.Open(_folder["out"]);
        Assert.Equal(ScalarType.BFloat16, after.ConfiguredType);
        Assert.All(after.Tensors.Values, t => Assert.Equal(ScalarType.BFloat16, t.Type));
        Assert.True(report.LargestDifference <= report.Allowed);
        var note = JsonDocument.Parse(File.ReadAllText(_folder["out/finintent.json"])).RootElement;
        Assert.Equal("qwen", note.GetProperty("template").GetString());
        Assert.Equal(ModelFingerprint.Of(fixture.Folder), note.GetProperty("base_fingerprint").GetString());
    }

    [Theory]
    [InlineData("\"torch_dtype\": \"float32\"")]
    [InlineData("\"x\": 0")]
    public void Weights_in_16_bits_are_compared_as_such_whatever_the_config_says(string type)
    {
        using var fixture = ParityFixture.Open("qwen2");
        ModelExport.Run(Request(fixture) with { Adapters = [], Folder = _folder["base"], Type = ScalarType.BFloat16 });
        var config = _folder["base/config.json"];
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"torch_dtype\": \"bfloat16\"", type));

        var report = ModelExport.Run(Request(fixture) with { Base = _folder["base"], Type = null });

        Assert.InRange(report.LargestDifference, 0, report.Allowed);
        Assert.True(report.AdapterEffect > 0.1);
        using var written = Checkpoint.Open(_folder["out"]);
        Assert.All(written.Tensors.Values, t => Assert.Equal(ScalarType.BFloat16, t.Type));
    }

    [Fact]
    public void Two_adapters_are_both_merged()
    {
        using var fixture = ParityFixture.Open("llama");
        var initial = Path.Combine(fixture.Folder, "lora_init");

        var report = ModelExport.Run(Request(fixture) with { Adapters = [initial, fixture.FinalAdapter] });

        Assert.InRange(report.LargestDifference, 0, 1e-4);
    }

    [Fact]
    public void A_model_too_far_from_the_original_leaves_nothing()
    {
        using var fixture = ParityFixture.Open("qwen2");

        var error = Assert.Throws<UserErrorException>(() =>
            ModelExport.Run(Request(fixture) with { Type = ScalarType.BFloat16, Tolerance = 0 }));

        Assert.Contains("logits differ", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void An_earlier_export_is_replaced_and_any_other_folder_refused()
    {
        using var fixture = ParityFixture.Open("qwen2");
        ModelExport.Run(Request(fixture));
        _folder.Write("out/old.txt", "");
        Directory.CreateDirectory(_folder[$".out.{Guid.NewGuid():N}.tmp"]);   // as a killed export leaves it

        ModelExport.Run(Request(fixture) with { Adapters = [] });
        Assert.Equal([_folder["out"]], Directory.GetFileSystemEntries(_folder.Path));
        Assert.False(File.Exists(_folder["out/old.txt"]));

        Directory.CreateDirectory(_folder["mine"]);
        _folder.Write("mine/thesis.txt", "");
        var error = Assert.Throws<UserErrorException>(() => ModelExport.Run(Request(fixture) with { Folder = _folder["mine"] }));
        Assert.Contains("mine", error.Message);
        Assert.True(File.Exists(_folder["mine/thesis.txt"]));
    }

    [Fact]
    public void An_adapter_of_another_base_is_refused_unless_forced()
    {
        using var fixture = ParityFixture.Open("qwen2");
        var adapter = _folder["adapter/checkpoint-8"];
        Directory.CreateDirectory(adapter);
        foreach (var file in Directory.GetFiles(fixture.FinalAdapter)) File.Copy(file, Path.Combine(adapter, Path.GetFileName(file)));
        _folder.Write("adapter/run.json", """{"template": "qwen", "base_fingerprint": "0123"}""");
        var request = Request(fixture) with { Adapters = [adapter] };

        var error = Assert.Throws<UserErrorException>(() => ModelExport.Run(request));
        ModelExport.Run(request with { Force = true });

        Assert.Contains("0123", error.Message);
        Assert.Contains(ModelFingerprint.Of(fixture.Folder), error.Message);
        Assert.Equal("qwen", Provenance.TemplateFor(null, [adapter], force: false));
        Assert.Contains("llama3", Assert.Throws<UserErrorException>(() =>
            Provenance.TemplateFor("llama3", [adapter], force: false)).Message);
        Assert.Equal("llama3", Provenance.TemplateFor("llama3", [adapter], force: true));
    }

    /// <summary>
    /// The fixtures store 16 bits, which would round the merged weights; an export in fp32 can be compared with the reference.
    /// </summary>
    ExportRequest Request(ParityFixture fixture) =>
        new(fixture.Folder, [fixture.FinalAdapter], _folder["out"], 5_000_000_000) { Type = ScalarType.Float32 };
}
