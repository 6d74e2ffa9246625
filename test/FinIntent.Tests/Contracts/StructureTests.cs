using System.Text.RegularExpressions;
using FinIntent.Lora;
using FinIntent.Models;
using Xunit;

namespace FinIntent.Tests.Contracts;

/// <summary>The real models' shapes, without their weights: the module tree on the meta device against fixtures/configs.</summary>
public sealed partial class StructureTests
{
    public static TheoryData<string, long> Models => new()
    {
        // name, parameters of LoRA on all linears at rank 8
        { "qwen2.5-7b-instruct", 20_185_088 },
        { "qwen2.5-0.5b-instruct", 4_399_104 },
        { "qwen3-8b", 21_823_488 },
        { "llama-3-8b-instruct", 20_971_520 },
        { "chatglm3-6b", 14_823_424 },
        { "baichuan2-7b-chat", 17_891_328 },
    };

    [Theory, MemberData(nameof(Models))]
    public void The_module_tree_has_the_checkpoints_tensors(string name, long _)
    {
        var approved = File.ReadAllLines(Path.Combine(Configs, $"{name}.tensors.txt"));
        using var model = Create(name, out var family);

        var parameters = model.state_dict();
        var inFile = Unfold(approved[1..])
            .Where(t => !family.IgnoredTensors.Any(ending => t.Name.EndsWith("." + ending, StringComparison.Ordinal))).ToList();
        var count = parameters.Count + Unfold(approved[1..]).Count() - inFile.Count;

        Assert.Equal(inFile.Select(t => $"{t.Name} {t.Shape}").Order(StringComparer.Ordinal),
            parameters.Select(p => $"{p.Key} [{string.Join(", ", p.Value.shape)}]").Order(StringComparer.Ordinal));
        Assert.Equal(approved[0], $"{count} tensors, {parameters.Sum(p => p.Value.numel())} parameters");
    }

    [Theory, MemberData(nameof(Models))]
    public void LoRA_on_all_linears_has_PEFTs_size(string name, long expected)
    {
        using var model = Create(name, out _);

        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);

        Assert.Equal(expected, adapters.Parameters.Sum(p => p.Value.numel()));
        Assert.All(adapters.Parameters, p => Assert.StartsWith("base_model.model.", p.Name));
    }

    [Theory]
    [InlineData("llama-3-8b-instruct", "base_model.model.model.layers.31.self_attn.q_proj.lora_A.weight", 8, 4096)]
    [InlineData("llama-3-8b-instruct", "base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight", 1024, 8)]
    [InlineData("chatglm3-6b", "base_model.model.transformer.encoder.layers.0.self_attention.query_key_value.lora_B.weight", 4608, 8)]
    [InlineData("chatglm3-6b", "base_model.model.transformer.encoder.layers.27.mlp.dense_h_to_4h.lora_B.weight", 27392, 8)]
    [InlineData("baichuan2-7b-chat", "base_model.model.model.layers.0.self_attn.W_pack.lora_A.weight", 8, 4096)]
    [InlineData("baichuan2-7b-chat", "base_model.model.model.layers.31.self_attn.W_pack.lora_B.weight", 12288, 8)]
    public void A_fused_matrix_has_one_pair_under_PEFTs_name(string name, string tensor, long rows, long columns)
    {
        using var model = Create(name, out _);
        using var adapters = LoraAdapters.Attach(model, new(8, 16, 0, false, [LoraSettings.AllLinears]), seed: 1);

        Assert.Equal([rows, columns], adapters.Parameters.Single(p => p.Name == tensor).Value.shape);
    }

    [Theory]
    [InlineData("chatglm3-6b", 65024, 64798, 8192)]
    [InlineData("baichuan2-7b-chat", 125696, 125696, 4096)]
    [InlineData("llama-3-8b-instruct", 128256, 128256, 8192)]
    [InlineData("qwen2.5-7b-instruct", 152064, 152064, 32768)]
    public void Vocabulary_and_length_are_the_configs(string name, int rows, int usable, int positions)
    {
        using var model = Create(name, out _);

        Assert.Equal((rows, usable, positions), (model.Shape.VocabularySize, model.Shape.UsableVocabulary, model.Shape.MaxPositions));
    }

    static string Configs => Path.Combine(Reference.Root, "test", "fixtures", "configs");

    static CausalLanguageModel Create(string name, out ModelFamily family)
    {
        var config = KnownModels.Find(name)!.Value;
        family = ModelFamily.Of(config);
        return family.Create(config, Placement.Meta);
    }

    internal static IEnumerable<(string Name, string Shape)> Unfold(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var (name, shape) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            if (Layers().Match(name) is not { Success: true } layers)
            {
                yield return (name, shape);
                continue;
            }
            for (var i = int.Parse(layers.Groups[1].Value); i <= int.Parse(layers.Groups[2].Value); i++)
                yield return (Layers().Replace(name, $".{i}."), shape);
        }
    }

    [GeneratedRegex(@"\.(\d+)-(\d+)\.")]
    private static partial Regex Layers();
}
