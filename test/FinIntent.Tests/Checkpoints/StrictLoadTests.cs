using FinIntent.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed class StrictLoadTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    sealed class Head : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "weight")] readonly Parameter _weight = new(zeros(3, 4));
        [ComponentName(Name = "bias")] readonly Parameter _bias = new(zeros(3));
        [ComponentName(Name = "steps")] readonly Tensor _steps = zeros(2);

        public Head() : base("head")
        {
            RegisterComponents();
            register_buffer("table", zeros(5), persistent: false);
        }

        public override Tensor forward(Tensor input) => input.matmul(_weight.t()) + _bias + _steps.sum();
    }

    [Fact]
    public void Parameters_and_persistent_buffers_are_filled_and_keep_their_type_and_gradient_flag()
    {
        using var weight = arange(12, ScalarType.Float32).reshape(3, 4).to(ScalarType.BFloat16);
        using var bias = ones(3);
        using var steps = full([2], 7f);
        using var frequencies = ones(9);
        using var checkpoint = Write(new()
        {
            ["old.weight"] = weight,
            ["bias"] = bias,
            ["steps"] = steps,
            ["x.rotary_emb.inv_freq"] = frequencies
        });
        using var head = new Head();

        StrictLoad.Into(head, checkpoint, ["rotary_emb.inv_freq"], name => name.Replace("old.", ""),
            (name, tensor) => _ = name == "bias" ? tensor.mul_(2) : tensor);

        var state = head.state_dict();
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), state["weight"].detach().data<float>().ToArray());
        Assert.Equal([2f, 2, 2], state["bias"].detach().data<float>().ToArray());
        Assert.Equal([7f, 7], state["steps"].data<float>().ToArray());
        Assert.All(head.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void One_error_lists_every_missing_unexpected_and_misshaped_tensor_and_nothing_is_loaded()
    {
        using var weight = ones(4, 3);
        using var steps = ones(2);
        using var other = ones(1, 2);
        using var checkpoint = Write(new() { ["weight"] = weight, ["steps"] = steps, ["extra.a"] = other, ["extra.b"] = other });
        using var head = new Head();

        var error = Assert.Throws<UserErrorException>(() => StrictLoad.Into(head, checkpoint));

        Assert.Equal($"""
            {_folder}: the weights do not fit the model that config.json describes
            1 tensor missing from the checkpoint:
              bias [3]
            2 tensors in the checkpoint but not in the model:
              extra.a [1, 2]
              extra.b [1, 2]
            1 tensor of another shape:
              weight: [4, 3] in the checkpoint, [3, 4] in the model
            """.ReplaceLineEndings("\n"), error.Message);
        Assert.Equal(0f, head.state_dict()["steps"].sum().item<float>());
    }

    Checkpoint Write(Dictionary<string, Tensor> tensors)
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), tensors);
        return Checkpoint.Open(_folder);
    }
}
