using FinIntent.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Runtime;

public sealed class NumberUploadTests
{
    [Fact]
    public void Lists_arrive_as_they_are_and_outlive_the_callers_scope() => AssertArrives(CPU);

    [Fact, Trait("tier", "gpu")]
    public void Lists_arrive_on_a_GPU()
    {
        Tier.NeedsGpu();
        AssertArrives(CUDA);
    }

    static void AssertArrives(Device device)
    {
        var live = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        using (var numbers = new NumberUpload())
        {
            long[] wide = [1, -2, long.MaxValue];
            int[] odd = [3, -4, int.MaxValue], even = [5, int.MinValue], none = [];
            NumberUpload.List a = numbers.Add(wide), b = numbers.Add(odd), c = numbers.Add(even), d = numbers.Add(wide),
                e = numbers.Add(none);

            using (NewDisposeScope()) numbers.Send(device);

            using var read = NewDisposeScope();
            Assert.All([a, d], list => Assert.Equal(wide, list.Tensor.cpu().data<long>().ToArray()));
            Assert.Equal(odd, b.Tensor.cpu().data<int>().ToArray());
            Assert.Equal(even, c.Tensor.cpu().data<int>().ToArray());
            Assert.Equal((0, ScalarType.Int32), (e.Tensor.numel(), e.Tensor.dtype));
        }
        if (device.type == DeviceType.CPU) Assert.Equal(live, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
