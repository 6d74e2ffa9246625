using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Runtime;

[Collection(TorchRandomCollection.Name)]
public sealed class AtenTests
{
    [Fact]
    public void An_operator_called_by_name_is_the_wrapped_one_forward_and_backward()
    {
        using var scope = NewDisposeScope();
        var x = rand(4, 3, dtype: ScalarType.Float64, requires_grad: true);
        var w = rand(5, 3, dtype: ScalarType.Float64);

        var called = Aten.Call("aten::linear", "", 1, x, w, AtenArgument.None)[0];
        called.sum().backward();
        var gradient = x.grad!.clone();

        TensorAssert.Close(nn.functional.linear(x, w), called, 1e-12, "forward");
        TensorAssert.Close(w.sum([0]).expand(4, 3), gradient, 1e-12, "gradient");
    }

    [Fact]
    public void An_unknown_operator_is_an_error()
    {
        using var x = ones(1);

        Assert.Throws<InvalidOperationException>(() => Aten.Call("aten::no_such_operator", "", 1, x));
    }
}
