using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Packed;

[Collection(MeasuringCollection.Name)]
public sealed class PackedLoadMemoryTests : IDisposable
{
    const double MB = 1 << 20;

    // 24 layers of 2.9 million numbers: 132 MiB in 16 bits.
    const string Config = """
        {"model_type":"llama","vocab_size":256,"hidden_size":512,"intermediate_size":1376,"num_hidden_layers":24,"num_attention_heads":8,
         "num_key_value_heads":4,"tie_word_embeddings":true}
        """;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Loading_never_has_all_weights_unpacked()
    {
        WriteCheckpoint();
        WeightFormat.Int8.Pack(rand(64, 64), isTrained: false).Dispose(); // brings in the operators' code
        var before = Environment.WorkingSet;

        using var peak = new PeakWorkingSet();
        using var model = Load();
        var grown = (peak.Stop() - before) / MB;

        var packed = model.Layers.SelectMany(layer => layer.Groups).Sum(group => group.Packed!.Bytes) / MB;
        Assert.InRange(packed, 66, 68);
        Assert.True(grown < packed + 64, $"{packed:f0} MB of packed weights took up to {grown:f0} MB; unpacked they are 132 alone");
    }

    CausalLanguageModel Load() => PretrainedModel.Load(_folder.Path, null, CPU, WeightFormat.Int8);

    void WriteCheckpoint()
    {
        _folder.Write("config.json", Config);
        using var json = JsonDocument.Parse(Config);
        using var shapes = ModelFamily.Of(json.RootElement).Create(json.RootElement, Placement.Meta);
        SafetensorsWriter.Write(_folder["model.safetensors"], shapes.named_parameters().Select(p =>
            new OutgoingTensor(p.name, ScalarType.BFloat16, p.parameter.shape, () => ones(p.parameter.shape, dtype: ScalarType.BFloat16))));
    }

    /// <summary>Looks every millisecond.</summary>
    sealed class PeakWorkingSet : IDisposable
    {
        readonly CancellationTokenSource _stop = new();
        readonly Task<long> _peak;

        public PeakWorkingSet() => _peak = Task.Run(() =>
        {
            var peak = 0L;
            while (!_stop.IsCancellationRequested)
            {
                peak = Math.Max(peak, Environment.WorkingSet);
                Thread.Sleep(1);
            }
            return peak;
        });

        public long Stop()
        {
            _stop.Cancel();
            return _peak.Result;
        }

        public void Dispose() => _stop.Dispose();
    }
}
