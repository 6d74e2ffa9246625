using FinIntent.Lora;
using FinIntent.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>Folders of adapters with random factors of fixed seeds, which change a model much; ranks and targets differ.</summary>
sealed class RandomAdapters : IDisposable
{
    static readonly int[] Ranks = [4, 8, 3, 16];

    readonly TemporaryFolder _folder = new();

    public RandomAdapters(CausalLanguageModel model, int count, double size = 0.1)
    {
        Folders = [.. Enumerable.Range(0, count).Select(i => Write(model, i, size))];
    }

    public IReadOnlyList<string> Folders { get; }

    public IReadOnlyList<AdapterWeights> Load(CausalLanguageModel model) =>
        [.. Folders.Select(folder => AdapterWeights.Load(model, folder))];

    string Write(CausalLanguageModel model, int number, double size)
    {
        // Every second one leaves some linears as they are: of the members of a group, or a whole group.
        var all = LoraAdapters.AllTargets(model);
        IReadOnlyList<string> targets = number % 2 == 0 ? [LoraSettings.AllLinears] : [.. all.Where((_, i) => i % 3 != 1)];
        using var adapters = LoraAdapters.Attach(model, new(Ranks[number % Ranks.Length], 6 + number, 0, number == 2, targets), number);
        using var _ = no_grad();
        using var generator = new Generator((ulong)number + 100, CPU);
        foreach (var (name, value) in adapters.Parameters.Where(p => p.Name.EndsWith("lora_B.weight", StringComparison.Ordinal)))
        {
            using var drawn = randn(value.shape, generator: generator);
            using var scaled = drawn.mul_(size);
            value.copy_(scaled);
        }
        adapters.Save(_folder[$"adapter-{number}"], "base");
        return _folder[$"adapter-{number}"];
    }

    public void Dispose() => _folder.Dispose();
}
