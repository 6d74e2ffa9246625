using Xunit;

[assembly: AssemblyFixture(typeof(FinIntent.Tests.TorchFixture))]

namespace FinIntent.Tests;

/// <summary>Loads libtorch once, before the first test.</summary>
public sealed class TorchFixture
{
    public TorchFixture() => FinIntent.Runtime.LibTorch.Load();
}
