using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Models;
using FinIntent.Runtime;

namespace FinIntent.Lora;

/// <summary>Says what to export.</summary>
/// <param name="Adapters">The adapters, merged in this order.</param>
sealed record ExportRequest(string Base, IReadOnlyList<string> Adapters, string Folder, long MaxShardBytes)
{
    public string? Template { get; init; }

    /// <summary>The type of the written weights; null: as the base stores them.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>The allowed difference of logits as a share of the largest logit; null: as the weights' type needs.</summary>
    public double? Tolerance { get; init; }
    public bool Force { get; init; }

    /// <summary>This ends the export between two tensors or forwards.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Writes what else belongs into the folder; the weights are there then, and nothing is in place yet.</summary>
    public Action<string>? Complete { get; init; }
}

/// <summary>Says how far the written model is from the adapters on the base.</summary>
/// <param name="LargestDifference">The largest difference of any logit of the fixed prompts.</param>
/// <param name="AdapterEffect">The same between the adapters on the base and the base alone.</param>
/// <param name="Allowed">A larger difference is refused.</param>
sealed record ExportReport(double LargestDifference, double AdapterEffect, double Allowed);

/// <summary>Merges adapters into a base model, writes the result as a model folder, and proves it by reading it back.</summary>
static class ModelExport
{
    // The token ids come from everywhere in the vocabulary: no tokenizer is needed, and every layer is read.
    static readonly int[] PromptLengths = [1, 7, 32];

    /// <exception cref="UserErrorException">Something does not fit, or the result differs too much; nothing is left.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; nothing is left.</exception>
    public static ExportReport Run(ExportRequest request)
    {
        LibTorch.Load();
        RefuseForeignFolder(request.Folder);
        var place = OutputPlace.TargetOf(request.Folder);
        AtomicFolder.Clean(Path.GetDirectoryName(place)!, Path.GetFileName(place));
        using var checkpoint = Checkpoint.Open(request.Base);
        Provenance.CheckBase(checkpoint, request.Adapters, request.Force);
        var type = request.Type ?? checkpoint.StoredType; // as written, since config.json may say nothing or be wrong
        using var scope = NewDisposeScope();
        var (wanted, plain) = Original(request, type);
        ExportReport? report = null;
        AtomicFolder.Write(request.Folder, folder =>
        {
            try
            {
                Write(folder, request, checkpoint);
                report = Compare(folder, request, type, (wanted, plain));
            }
            catch
            {
                Directory.Delete(folder, recursive: true);
                throw;
            }
        });
        return report!;
    }

    /// <summary>Refuses to replace a folder unless it is empty or an earlier export: anything else in it would be lost.</summary>
    internal static void RefuseForeignFolder(string folder)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()
            && !File.Exists(Path.Combine(folder, Provenance.ExportFile)))
            throw new UserErrorException($"export_dir: {folder} holds files that no export wrote; name a new or an empty folder");
    }

    static void Write(string folder, ExportRequest request, Checkpoint checkpoint)
    {
        using (var merged = new MergedCheckpoint(checkpoint, request.Adapters))
            SafetensorsWriter.WriteSharded(folder, merged.Tensors(request.Type).Select(Stoppable), request.MaxShardBytes);
        checkpoint.CopyCompanions(folder);
        var config = JsonObject.Create(checkpoint.Config)!.DeepClone().AsObject();
        if (request.Type is { } type) config[config.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = type.ToString().ToLowerInvariant();
        JsonFile.Write(Path.Combine(folder, Checkpoint.ConfigName), config);
        var last = Provenance.OfLast([request.Base, .. request.Adapters]);
        (last with { Template = request.Template, BaseFingerprint = ModelFingerprint.Of(checkpoint) })
            .Write(folder, request.Base, request.Adapters);
        request.Complete?.Invoke(folder);

        OutgoingTensor Stoppable(OutgoingTensor tensor) => tensor with
        {
            Make = () =>
            {
                request.Stop.ThrowIfCancellationRequested();
                return tensor.Make();
            },
        };
    }

    /// <summary>Returns the logits of the adapters on the base, and of the base alone.</summary>
    static (Tensor[] Adapted, Tensor[] Plain) Original(ExportRequest request, ScalarType type)
    {
        using var model = PretrainedModel.Load(request.Base, Placement.Cpu(type));
        var plain = Logits(model, request.Stop);
        using var last = LoraAdapters.LoadLast(model, request.Adapters);
        return (Logits(model, request.Stop), plain);
    }

    static ExportReport Compare(
        string folder, ExportRequest request, ScalarType type, (Tensor[] Adapted, Tensor[] Plain) original)
    {
        request.Stop.ThrowIfCancellationRequested();
        var (wanted, plain) = original;
        using var model = PretrainedModel.Load(folder, Placement.Cpu(type));
        var written = Logits(model, request.Stop);
        // In 16 bits a merged weight is rounded and an adapter beside it is not, so logits differ by some per cent of the largest.
        var share = request.Tolerance ?? type switch { ScalarType.BFloat16 => 0.05, ScalarType.Float16 => 0.01, _ => 1e-4 };
        var largest = wanted.Max(t => t.abs().max().item<float>());
        var report = new ExportReport(Difference(wanted, written), Difference(wanted, plain), share * largest);
        if (!(report.LargestDifference <= report.Allowed))
            throw new UserErrorException($"export_dir: the merged model's logits differ by up to {report.LargestDifference:g3} " +
                $"from the adapters on the base, allowed is {report.Allowed:g3}; " +
                $"nothing was left in {request.Folder}; export in fp32 (infer_dtype: float32)");
        return report;
    }

    static double Difference(Tensor[] a, Tensor[] b) => a.Zip(b, (x, y) => (x - y).abs().max().item<float>()).Max();

    static Tensor[] Logits(CausalLanguageModel model, CancellationToken stop)
    {
        using var noGradient = no_grad();
        return [.. PromptLengths.Select(length =>
        {
            stop.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.All([[.. Enumerable.Range(1, length).Select(i => i * 7919 % model.Shape.UsableVocabulary)]], CPU);
            return model.forward(batch).to(ScalarType.Float32).MoveToOuterDisposeScope();
        })];
    }
}
