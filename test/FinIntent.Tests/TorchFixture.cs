using Xunit;

[assembly: AssemblyFixture(typeof(FinIntent.Tests.TorchFixture))]

namespace FinIntent.Tests;

/// <summary>Loads libtorch once, before the first test.</summary>
public sealed class TorchFixture
{
    public TorchFixture()
    {
        FinIntent.Runtime.LibTorch.Load();
        // The models of the tests are tiny: a second thread would only be waited for, ten times as long on a busy machine.
        TorchSharp.torch.set_num_threads(1);
    }
}
