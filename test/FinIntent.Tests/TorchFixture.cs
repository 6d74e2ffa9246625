using Xunit;

[assembly: AssemblyFixture(typeof(FinIntent.Tests.TorchFixture))]

namespace FinIntent.Tests;

/// <summary>Loads libtorch once, before the first test, and lets programs speak English wherever the tests run.</summary>
public sealed class TorchFixture
{
    public TorchFixture()
    {
        Environment.SetEnvironmentVariable("LC_ALL", "C.UTF-8");
        FinIntent.Runtime.LibTorch.Load();
        // The models of the tests are tiny: a second thread would only be waited for, ten times as long on a busy machine.
        TorchSharp.torch.set_num_threads(1);
    }
}
