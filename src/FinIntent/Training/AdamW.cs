using FinIntent.Checkpoints;
using FinIntent.Settings;
using TorchSharp.Modules;

namespace FinIntent.Training;

/// <summary>Is Adam with decoupled weight decay, as torch.optim.AdamW computes it. https://arxiv.org/abs/1711.05101</summary>
/// <remarks>A group's parameters, gradients and moments lie end to end in four tensors, of which the model's parameters are views: an
/// update is a few operations, however many parameters there are. Moments are fp32.</remarks>
sealed class AdamW : IDisposable
{
    /// <summary>So many elements are updated at once on a GPU: enough to keep it busy, and few beside a model.</summary>
    internal const long DeviceBlockElements = 1 << 26;

    readonly List<ParameterGroup> _groups;
    readonly double _beta1, _beta2, _epsilon;

    /// <param name="loraPlusRatio">LoRA+ (https://arxiv.org/abs/2402.12354): B learns this many times faster than A.</param>
    public AdamW(IReadOnlyList<(string Name, Parameter Value)> parameters, TrainSettings train, double? loraPlusRatio = null)
    {
        (_beta1, _beta2, _epsilon) = (train.AdamBeta1, train.AdamBeta2, train.AdamEpsilon);
        _groups =
        [
            .. parameters
                .GroupBy(p => (Rate: IsLoraB(p.Name) ? loraPlusRatio ?? 1 : 1,
                    Decay: IsDecayed(p.Name) ? train.WeightDecay : 0, p.Value.dtype))
                .Select(group => new ParameterGroup([.. group], group.Key.Rate, group.Key.Decay)),
        ];
    }

    /// <summary>The number of updates made.</summary>
    public int Steps { get; private set; }

    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        foreach (var group in _groups) group.Gradients.zero_();
    }

    /// <summary>Returns the L2 norm over all gradients, a scalar on their device.</summary>
    public Tensor GradientNorm()
    {
        using var scope = NewDisposeScope();
        var norms = _groups.SelectMany(group => group.Blocks().Select(block => Norm(block.Gradients))).ToArray();
        return stack(norms).norm().MoveToOuterDisposeScope();

        static Tensor Norm(Tensor gradients)
        {
            using var scope = NewDisposeScope();
            return gradients.to(ScalarType.Float32).norm().MoveToOuterDisposeScope();
        }
    }

    public void ScaleGradients(double factor)
    {
        using var scope = NewDisposeScope();
        foreach (var group in _groups) group.Gradients.mul_(factor);
    }

    public void Step(double learningRate)
    {
        using var _ = no_grad();
        Steps++;
        foreach (var group in _groups)
        {
            var rate = learningRate * group.RateFactor;
            using var scope = NewDisposeScope();
            foreach (var block in group.Blocks())
            {
                using var inner = NewDisposeScope();
                var g = block.Gradients.to(ScalarType.Float32);
                if (group.Decay > 0) block.Values.mul_(1 - rate * group.Decay);
                block.Mean.mul_(_beta1).add_(g, 1 - _beta1);
                block.Variance.mul_(_beta2).addcmul_(g, g, 1 - _beta2);
                var denominator = block.Variance.sqrt().div_(Math.Sqrt(1 - Math.Pow(_beta2, Steps))).add_(_epsilon);
                var scale = -rate / (1 - Math.Pow(_beta1, Steps));
                if (block.Values.dtype == ScalarType.Float32) block.Values.addcdiv_(block.Mean, denominator, scale);
                else block.Values.copy_(block.Values.to(ScalarType.Float32).addcdiv_(block.Mean, denominator, scale));
            }
        }
    }

    /// <summary>Returns views of everything that changes, under names that tell what it is; the caller disposes them.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() => _groups.SelectMany(group => group.State());

    /// <exception cref="UserErrorException">The file is another model's or another method's.</exception>
    public void Restore(SafetensorsFile file, int steps)
    {
        using var _ = no_grad();
        var state = State().ToList();
        var unknown = file.Tensors.Keys.Except(state.Select(s => s.Key)).FirstOrDefault();
        foreach (var (name, tensor) in state)
        {
            if (!file.Tensors.TryGetValue(name, out var stored) || !stored.Shape.SequenceEqual(tensor.shape) || unknown is not null)
                throw new UserErrorException($"{file.FilePath}: it does not hold what is trained now ({unknown ?? name}); " +
                    "use the checkpoint's own model and method, or overwrite_output_dir: true to start anew");
            file.CopyTo(name, tensor);
            tensor.Dispose();
        }
        Steps = steps;
    }

    public void Dispose() => _groups.ForEach(group => group.Dispose());

    static bool IsLoraB(string name) => name.EndsWith(".lora_B.weight", StringComparison.Ordinal);

    // As in transformers' get_decay_parameter_names, neither biases nor norms decay.
    static bool IsDecayed(string name) =>
        !name.EndsWith("bias", StringComparison.Ordinal) && !name.Contains("norm", StringComparison.OrdinalIgnoreCase);
}
