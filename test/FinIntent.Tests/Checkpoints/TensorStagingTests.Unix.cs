using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

/// <summary>A mapped file cannot be cut short on Windows.</summary>
public abstract partial class TensorStagingContract
{
    [Fact]
    public void A_file_that_ends_early_is_named()
    {
        using var scope = NewDisposeScope();
        using var staging = Staging(2, 64);
        using var file = Write(new() { ["w"] = rand(100, 4) });

        using (var handle = File.OpenHandle(file.FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            RandomAccess.SetLength(handle, 500);
        var error = Assert.Throws<UserErrorException>(() => staging.Copy([new(file, "w", zeros(100, 4, device: _device))]));

        Assert.Contains(file.FilePath, error.Message);
    }
}
