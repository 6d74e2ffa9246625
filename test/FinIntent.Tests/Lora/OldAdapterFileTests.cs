using System.Runtime.InteropServices;
using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Checkpoints;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Lora;

/// <summary>adapter_model.bin, a state dict as torch.save writes it.</summary>
public sealed class OldAdapterFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_pickled_adapter_acts_as_the_same_one_in_safetensors()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var _ = no_grad();
        Pickle(fixture.FinalAdapter, _folder["old"]);

        using var model = fixture.Model();
        using var adapters = LoraAdapters.Load(model, _folder["old"]);
        using var batch = TokenBatch.All([fixture.Sequences[0]], CPU);

        using var expected = fixture.Expected("lora_logits.0");
        TensorAssert.Close(expected, model.forward(batch), 1e-4, "lora_logits.0");
    }

    [Fact]
    public void A_pickled_adapter_can_be_exported()
    {
        using var fixture = ParityFixture.Open("qwen2");
        Pickle(fixture.FinalAdapter, _folder["old"]);

        var report = ModelExport.Run(new(fixture.Folder, [_folder["old"]], _folder["out"], 1 << 30) { Type = ScalarType.Float32 });

        Assert.InRange(report.LargestDifference, 0, 1e-4);
        Assert.True(report.AdapterEffect > 0.1);
    }

    [Fact]
    public void A_folder_without_weights_is_refused_by_both_names()
    {
        using var fixture = ParityFixture.Open("qwen2");
        Directory.CreateDirectory(_folder["none"]);
        File.Copy(Path.Combine(fixture.FinalAdapter, "adapter_config.json"), Path.Combine(_folder["none"], "adapter_config.json"));
        using var model = fixture.Model();

        var message = Assert.Throws<UserErrorException>(() => LoraAdapters.Load(model, _folder["none"])).Message;

        Assert.Contains(_folder["none"], message);
        Assert.Contains("neither adapter_model.safetensors nor adapter_model.bin", message);
    }

    static void Pickle(string from, string to)
    {
        Directory.CreateDirectory(to);
        File.Copy(Path.Combine(from, "adapter_config.json"), Path.Combine(to, "adapter_config.json"));
        using var file = SafetensorsFile.Open(Path.Combine(from, "adapter_model.safetensors"));
        var names = file.Tensors.Keys.ToList();
        using var stream = File.Create(Path.Combine(to, "adapter_model.bin"));
        var zip = new HandmadeZip(stream).Add("m/data.pkl",
            HandmadePickle.StateDict([.. names.Select((name, i) => (name, Step(i, file.Tensors[name].Shape)))]));
        for (var i = 0; i < names.Count; i++)
        {
            using var tensor = file.Read(names[i]);
            zip.Add($"m/data/{i}", MemoryMarshal.AsBytes<float>(tensor.data<float>().ToArray()).ToArray());
        }
        zip.Finish();

        static Action<HandmadePickle> Step(int storage, IReadOnlyList<long> shape) =>
            p => p.Tensor("FloatStorage", $"{storage}", shape[0] * shape[1], 0, [.. shape], [shape[1], 1]);
    }
}
