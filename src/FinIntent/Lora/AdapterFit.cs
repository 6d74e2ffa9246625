using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Models;
using FinIntent.Models.Layers;

namespace FinIntent.Lora;

/// <summary>Compares an adapter's file with what adapter_config.json and the model need, and says for each difference where it comes
/// from.</summary>
static class AdapterFit
{
    const string OtherBase = "use the base model the adapter was trained on (adapter_config.json names it)";
    const int MostTold = 12;

    /// <summary>Checks that a file holds what an adapter of these linears has, and nothing else.</summary>
    /// <exception cref="UserErrorException">The first differing tensors are listed, each with its cause.</exception>
    public static void Compare(AdapterFile file, IReadOnlyList<LoraSite> sites, CausalLanguageModel model)
    {
        var shapes = sites.SelectMany(site => site.Shapes).ToDictionary(s => s.Name, s => s.Shape);
        List<(string Fault, bool IsOtherBase)> faults =
        [
            .. shapes.Keys.Except(file.Tensors.Keys).Select(name => ($"missing {name}, which adapter_config.json names", false)),
            .. file.Tensors.Keys.Except(shapes.Keys).Select(name => Unexpected(name, model)),
            .. shapes.Where(p => file.Tensors.TryGetValue(p.Key, out var t) && !t.Shape.SequenceEqual(p.Value))
                .Select(p => Misshaped(p.Key, file.Tensors[p.Key], p.Value)),
        ];
        if (faults.Count == 0) return;
        var remedy = faults.Any(fault => fault.IsOtherBase) ? $"\n{OtherBase}" : "";
        var more = faults.Count > MostTold ? $"\n  and {faults.Count - MostTold} more" : "";
        throw new UserErrorException($"{file.FilePath} does not fit:\n  " +
            $"{string.Join("\n  ", faults.Take(MostTold).Select(fault => fault.Fault))}{more}{remedy}");
    }

    /// <summary>Says why a module of the model, or of most models, is none that takes an adapter; null where nothing is known of
    /// it.</summary>
    public static string? WhyNot(CausalLanguageModel model, string module)
    {
        var name = module[(module.LastIndexOf('.') + 1)..];
        var head = model.named_modules().FirstOrDefault(m => m.name == "lm_head").module;
        return name switch
        {
            "lm_head" when head is NormalizedHead => "lm_head is a head whose rows are normalised, on which LoRA is not computed here",
            "lm_head" when head is null => "lm_head is the embedding table (tie_word_embeddings), on which LoRA is not computed here",
            "embed_tokens" or "word_embeddings" => $"{name} is the embedding table, on which LoRA is not computed here",
            _ => null,
        };
    }

    static (string, bool) Unexpected(string name, CausalLanguageModel model)
    {
        var module = name[LoraAdapters.Prefix.Length..name.LastIndexOf(".lora_", StringComparison.Ordinal)];
        if (WhyNot(model, module) is { } reason) return ($"unexpected {name}: {reason}", false);
        return LoraAdapters.Linears(model).Any(linear => linear.Name == module)
            ? ($"unexpected {name}: target_modules in adapter_config.json does not name it", false)
            : ($"unexpected {name}: the model has no linear layer {TerminalText.Short(module)}", true);
    }

    /// <summary>A is [R, in] and B [out, R]: the rank is adapter_config.json's, the other size the base's.</summary>
    static (string, bool) Misshaped(string name, StoredTensor found, long[] wanted)
    {
        var isA = name.EndsWith(".lora_A.weight", StringComparison.Ordinal);
        var isRank = found.Shape.Count == 2 && found.Shape[isA ? 1 : 0] == wanted[isA ? 1 : 0];
        return isRank ? ($"{name} is {Show(found.Shape)}, which is not the rank that adapter_config.json names, " +
            $"{wanted[isA ? 0 : 1]}", false)
            : ($"{name} is {Show(found.Shape)}, the model needs {Show(wanted)}", true);
    }

    static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
