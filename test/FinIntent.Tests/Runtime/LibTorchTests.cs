using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Runtime;

public sealed class LibTorchTests
{
    [Fact]
    public void Libtorch_multiplies_after_loading()
    {
        using var x = TorchSharp.torch.ones(3, 3);
        using var y = x.matmul(x);

        Assert.All(y.data<float>().ToArray(), value => Assert.Equal(3f, value));
        Assert.True(Directory.Exists(LibTorch.Folder));
    }
}
