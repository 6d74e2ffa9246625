using FinIntent.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Runtime;

public sealed unsafe class KernelDeviceTests
{
    [Fact]
    public void Arguments_arrive_in_order_and_in_the_width_of_their_parameters()
    {
        using var x = ones(3);
        var device = new Recording();

        device.Launch(new("a.cu", "a"), ScalarType.Float32, new(2, 3, 32, 4), x, (Tensor?)null, -7, 1.5f, -1L << 40, true);

        Assert.Equal(new LaunchShape(2, 3, 32, 4), device.Shape);
        Assert.Equal((nint)TensorMemory.PointerOf(x), device.Arguments[0]);
        Assert.Equal(0, device.Arguments[1]);
        Assert.Equal(-7, (int)device.Arguments[2]);
        Assert.Equal(1.5f, BitConverter.Int32BitsToSingle((int)device.Arguments[3]));
        Assert.Equal(-1L << 40, device.Arguments[4]);
        Assert.Equal(1, device.Arguments[5]);
    }

    [Fact]
    public void A_function_is_loaded_once_for_each_kernel_and_type()
    {
        var device = new Recording();
        var kernels = Enumerable.Range(0, 200).Select(i => new Kernel("a.cu", $"a{i}")).ToList();

        for (var again = 0; again < 2; again++)
            foreach (var kernel in kernels)
                foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 }) device.Launch(kernel, type, new(1, 1, 32), 0, 0,
                    0, 0, 0, 0);

        Assert.Equal(400, device.Loads);
        Assert.Equal(200, device.Launched);
    }

    [Fact]
    public void A_file_that_cannot_be_had_is_tried_and_told_once()
    {
        List<string> told = [];
        var device = new Recording(told.Add) { Refusal = "no such compiler" };
        Kernel a = new("b.cu", "a"), b = new("b.cu", "b");

        Assert.False(device.Has(a, ScalarType.Float32));
        Assert.False(device.Has(b, ScalarType.Float32));
        Assert.False(device.Has(a, ScalarType.Float32));

        Assert.Equal(1, device.Loads);
        Assert.Equal(["note: plain operators run in place of the kernels in b.cu, which is slower: no such compiler"], told);
        Assert.Throws<KernelException>(() => device.Launch(a, ScalarType.Float32, new(1, 1, 32)));
    }

    [Fact]
    public void Nothing_is_launched_for_no_rows()
    {
        var device = new Recording();

        device.Launch(new("a.cu", "a"), ScalarType.Float32, LaunchShape.Rows(0, 5), 1);

        Assert.Equal(0, device.Loads);
    }

    [Theory]
    [InlineData(1, 1, 32), InlineData(256, 1, 256), InlineData(257, 2, 160), InlineData(2368, 10, 256)]
    public void Rows_are_cut_into_even_blocks(long units, int parts, int threads)
    {
        var shape = LaunchShape.Rows(9, units);

        Assert.Equal(new(9, parts, threads), shape);
        Assert.True(shape.Y * shape.ThreadsX >= units);
    }

    [Fact]
    public void A_cpus_tensor_has_no_kernels()
    {
        using var x = ones(1);

        Assert.Null(KernelDevice.Of(x, new("a.cu", "a")));
    }

    sealed class Recording(Action<string>? notice = null) : KernelDevice(notice)
    {
        public string? Refusal { get; init; }

        public int Loads { get; private set; }

        public nint Launched { get; private set; }

        public LaunchShape Shape { get; private set; }

        public nint[] Arguments { get; } = new nint[6];

        protected override nint Load(Kernel kernel, ScalarType type)
        {
            Loads++;
            return Refusal is null ? (Loads + 1) / 2 : throw new KernelException(Refusal);
        }

        protected override void Launch(nint function, LaunchShape shape, void** arguments)
        {
            (Launched, Shape) = (function, shape);
            for (var i = 0; i < Arguments.Length; i++) Arguments[i] = *(nint*)arguments[i];
        }
    }
}
