using System.Text;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Runtime;

/// <summary>libtorch is found wherever a build, a package or `finintent setup` puts it.</summary>
public sealed class LibTorchFoldersTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    LibTorchFolders Folders =>
        new(_folder["app"], [_folder["native one"], _folder["native two"] + Path.DirectorySeparatorChar], _folder["setup"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_nearest_folder_wins()
    {
        string[] places = ["setup", "native two", "native one", "app", $"app/runtimes/{LibTorchFolders.Rid}/native", "app/libtorch"];
        foreach (var place in places)
        {
            Put(place);
            Assert.Equal(_folder[place], Path.TrimEndingDirectorySeparator(Folders.Find("torch_cpu", new())!));
        }
    }

    [Fact]
    public void The_bindings_may_lie_elsewhere_than_libtorch()
    {
        Put("setup");
        Put($"app/runtimes/{LibTorchFolders.Rid}/native", "LibTorchSharp");

        Assert.Equal(_folder["setup"], Folders.Find("torch_cpu", new()));
        Assert.Equal(_folder[$"app/runtimes/{LibTorchFolders.Rid}/native"], Folders.Find("LibTorchSharp", new()));
    }

    [Fact]
    public void Where_none_has_it_every_place_is_named()
    {
        var tried = new StringBuilder();

        Assert.Null(Folders.Find("torch_cpu", tried));

        Assert.Equal(6, tried.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(LibTorch.PathOf(_folder["setup"], "torch_cpu"), tried.ToString());
    }

    [Fact]
    public void Another_libtorch_that_the_runtime_would_find_is_noticed()
    {
        Put("named");
        Put("setup");
        Put("app/libtorch");
        Assert.Null(Folders.Rival(_folder["named"]));

        Put("native two");

        Assert.Equal(_folder["native two"], Folders.Rival(_folder["named"]));
        Assert.Null(Folders.Rival(_folder["native two"]));
    }

    void Put(string place, string library = "torch_cpu")
    {
        Directory.CreateDirectory(_folder[place]);
        File.WriteAllText(LibTorch.PathOf(_folder[place], library), "");
    }
}
