using FinIntent.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed class ModelFingerprintTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sharding_and_order_do_not_show()
    {
        using Tensor a = arange(100, ScalarType.Float32), b = arange(7, ScalarType.BFloat16);

        var one = Write("one", long.MaxValue, ("a", a), ("b", b));
        var two = Write("two", 1, ("b", b), ("a", a));

        Assert.Equal(one, two);
        Assert.Equal(32, one.Length);
    }

    [Fact]
    public void A_changed_number_type_or_name_shows()
    {
        using Tensor a = arange(100, ScalarType.Float32), changed = a.clone(), half = a.to(ScalarType.Float16);
        changed[99] = 0;

        string[] all = [Write("1", 1000, ("a", a)), Write("2", 1000, ("a", changed)), Write("3", 1000, ("a", half)),
            Write("4", 1000, ("b", a))];

        Assert.Equal(4, all.Distinct().Count());
    }

    string Write(string name, long shardBytes, params (string Name, Tensor Value)[] tensors)
    {
        var folder = Directory.CreateDirectory(_folder[name]).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        SafetensorsWriter.WriteSharded(folder, tensors.Select(t => KeyValuePair.Create(t.Name, t.Value)), shardBytes);
        return ModelFingerprint.Of(folder);
    }
}
