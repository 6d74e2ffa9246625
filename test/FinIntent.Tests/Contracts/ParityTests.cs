using FinIntent.Lora;
using FinIntent.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Contracts;

public sealed class ParityTests() : ParityContract(DeviceType.CPU);

[Trait("tier", "gpu")]
public sealed class GpuParityTests() : ParityContract(DeviceType.CUDA);

/// <summary>A second, independent reference: larger models, and for ChatGLM3 and Baichuan2 the published model code.</summary>
[Trait("tier", "shared")]
public sealed class SharedParityTests() : ParityContract(DeviceType.CPU, isShared: true);

/// <summary>
/// Every family against transformers and PEFT, in fp32 unless a test says otherwise, with the same tolerances on every device.
/// </summary>
public abstract class ParityContract(DeviceType device, bool isShared = false)
{
    const double Tolerance = 1e-4;

    /// <summary>
    /// Relative to the largest logit (at least 1): a matrix product sums in another order for another number of rows, and the logits of
    /// ../shared's tied fixture reach 26.
    /// </summary>
    const double OrderOfSums = 1e-5;

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Logits_are_the_references(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();

        AssertLogits(fixture, model, "logits", Tolerance);
    }

    [Theory, MemberData(nameof(Families))]
    public void Logits_with_an_adapter_and_after_merging_are_the_references(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Load(model, fixture.FinalAdapter);

        AssertLogits(fixture, model, "lora_logits", Tolerance);
        adapters.Merge();
        AssertLogits(fixture, model, "merged_logits", Tolerance);
    }

    [Theory, MemberData(nameof(Families))]
    public void A_fresh_adapter_changes_no_bit_and_detaching_restores_the_base(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        using var before = Logits(model, fixture.Sequences[2]);

        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0, false, [LoraSettings.AllLinears]), seed: 1);
        using var with = Logits(model, fixture.Sequences[2]);

        Assert.True(before.equal(with).all().item<bool>());
    }

    [Theory, MemberData(nameof(Families))]
    public void An_adapter_written_and_read_again_is_the_same(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        var folder = Directory.CreateTempSubdirectory("finintent-test-").FullName;

        using (var adapters = LoraAdapters.Load(model, fixture.FinalAdapter)) adapters.Save(folder, "base");
        using var again = LoraAdapters.Load(model, folder);

        AssertLogits(fixture, model, "lora_logits", Tolerance);
        Directory.Delete(folder, recursive: true);
    }

    [Theory, MemberData(nameof(Families))]
    public void Greedy_tokens_through_the_cache_are_the_references(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        using var _ = no_grad();

        for (var i = 0; i < fixture.Sequences.Length; i++)
        {
            using var cache = new KvCache(model.Shape, 1);
            int[] next = fixture.Sequences[i];
            List<int> tokens = [];
            while (tokens.Count < fixture.Greedy[i].Length)
            {
                using var batch = TokenBatch.Last([next], fixture.Device, cache);
                using var logits = model.forward(batch);
                using var best = logits.argmax(-1);
                next = [(int)best.item<long>()];
                tokens.Add(next[0]);
            }
            Assert.Equal(fixture.Greedy[i], tokens);
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void Reading_in_pieces_through_the_cache_changes_nothing(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        using var _ = no_grad();
        var row = fixture.Sequences[3];

        using var whole = Logits(model, row);
        using var cache = new KvCache(model.Shape, 1);
        using var first = Logits(model, row[..20], cache);
        using var second = Logits(model, row[20..21], cache);
        using var third = Logits(model, row[21..], cache);
        using var pieces = cat([first, second, third], 0);

        TensorAssert.Close(whole, pieces, OrderOfSums * Largest(whole), "cached");
    }

    [Theory, MemberData(nameof(Families))]
    public void A_row_alone_is_the_same_row_among_others(string family)
    {
        using var fixture = Open(family);
        using var model = fixture.Model();
        using var _ = no_grad();

        using var batch = TokenBatch.All(fixture.Sequences, fixture.Device);
        using var together = model.forward(batch);
        var start = 0;
        foreach (var row in fixture.Sequences)
        {
            using var alone = Logits(model, row);
            using var among = together.narrow(0, start, row.Length);
            TensorAssert.Close(alone, among, OrderOfSums * Largest(alone), $"row of {row.Length}");
            start += row.Length;
        }
    }

    /// <summary>Below fp32: within 5 % (bf16, 8 bits of mantissa) and 1 % (fp16, 11 bits) of the largest logit.</summary>
    [Theory, MemberData(nameof(Families))]
    public void Half_precision_stays_near_the_reference(string family)
    {
        using var fixture = Open(family);
        foreach (var (type, tolerance) in new[] { (ScalarType.BFloat16, 0.05), (ScalarType.Float16, 0.01) })
        {
            using var model = fixture.Model(type);
            using var expected = fixture.Expected("logits.3");
            using var grad = no_grad();
            using var actual = Logits(model, fixture.Sequences[3]);
            TensorAssert.Close(expected, actual, tolerance * Largest(expected), $"{type}");
        }
    }

    ParityFixture Open(string family) => ParityFixture.Open(family, device, isShared);

    static double Largest(Tensor logits)
    {
        using var largest = logits.abs().max();
        return Math.Max(1, largest.item<float>());
    }

    static void AssertLogits(ParityFixture fixture, CausalLanguageModel model, string name, double tolerance)
    {
        using var _ = no_grad();
        for (var i = 0; i < fixture.Sequences.Length; i++)
        {
            using var expected = fixture.Expected($"{name}.{i}");
            using var actual = Logits(model, fixture.Sequences[i]);
            TensorAssert.Close(expected, actual, tolerance, $"{name}.{i}");
        }
    }

    static Tensor Logits(CausalLanguageModel model, int[] row, KvCache? cache = null)
    {
        using var batch = TokenBatch.All([row], model.Placement.Device, cache);
        return model.forward(batch);
    }
}
