using FinIntent.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Runtime;

public sealed class KernelCacheTests
{
    static readonly string Key = KernelCache.Key("source", "sm_90", "nvrtc 13.0");

    [Fact]
    public void Code_is_made_once_and_found_again()
    {
        using var folder = new TemporaryFolder();

        var first = new KernelCache(folder["kernels"]).GetOrAdd(Key, () => [1, 2, 3]);
        var second = new KernelCache(folder["kernels"]).GetOrAdd(Key, () => throw new InvalidOperationException("made again"));

        Assert.Equal([1, 2, 3], first);
        Assert.Equal(first, second);
        Assert.Single(Directory.GetFiles(folder["kernels"]));
    }

    [Theory]
    [InlineData(0, 0), InlineData(10, 0), InlineData(32, 0), InlineData(34, 0), InlineData(35, 7), InlineData(35, 34)]
    public void A_file_that_was_cut_or_changed_is_made_again(int length, int flipped)
    {
        using var folder = new TemporaryFolder();
        var cache = new KernelCache(folder.Path);
        cache.GetOrAdd(Key, () => [1, 2, 3]);
        var bytes = File.ReadAllBytes(folder[Key])[..length];
        if (flipped < length) bytes[flipped] ^= 1;
        File.WriteAllBytes(folder[Key], bytes);

        Assert.Equal([4], cache.GetOrAdd(Key, () => [4]));
        Assert.Equal([4], cache.GetOrAdd(Key, () => [5]));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_only_a_cache_less()
    {
        using var folder = new TemporaryFolder();
        var cache = new KernelCache(folder.Write("file", "not a folder"));

        Assert.Equal([1], cache.GetOrAdd(Key, () => [1]));
        Assert.Equal([2], cache.GetOrAdd(Key, () => [2]));
    }

    [Fact]
    public void Another_source_target_or_compiler_is_another_key()
    {
        string[] keys = [Key, KernelCache.Key("sourc", "sm_90", "nvrtc 13.0"), KernelCache.Key("source", "sm_80", "nvrtc 13.0"),
            KernelCache.Key("source", "sm_90", "nvrtc 12.8")];

        Assert.Equal(4, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Matches("^[0-9a-f]{64}$", key));
    }

    [Theory]
    [InlineData(90, "sm_90"), InlineData(80, "sm_80"), InlineData(103, "compute_100"), InlineData(89, "compute_86")]
    public void Code_is_for_the_device_or_the_newest_before_it(int device, string expected) =>
        Assert.Equal(expected, Nvrtc.Target([75, 80, 86, 90, 100], device));

    [Fact]
    public void A_device_before_the_compilers_oldest_is_refused() =>
        Assert.Contains("sm_70", Assert.Throws<KernelException>(() => Nvrtc.Target([75, 80], 70)).Message);

    [Fact]
    public void Sources_are_embedded_and_know_their_storage_type()
    {
        var files = KernelSource.Files.ToList();

        Assert.Contains("common.cu", files);
        Assert.All(files, file => Assert.DoesNotContain("#include", KernelSource.Of(file, ScalarType.BFloat16)));
        Assert.NotEqual(KernelSource.Of("rotary.cu", ScalarType.BFloat16), KernelSource.Of("rotary.cu", ScalarType.Float16));
    }
}
