using System.Text;
using System.Text.Json;
using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>
/// What is fetched of a repository, and how the cache then looks: huggingface_hub's layout, made by hand from its documentation.
/// </summary>
public sealed class SnapshotTests : IDisposable
{
    readonly HubFixture _hub = new();

    [Fact]
    public void A_model_is_fetched_into_huggingface_hubs_layout()
    {
        var repository = _hub.AddModel();

        var folder = _hub.Fetch();

        var home = Path.Combine(_hub.Cache, "models--acme--tiny");
        Assert.Equal(Path.Combine(home, "snapshots", repository.Commit), folder);
        Assert.Equal(repository.Commit, File.ReadAllText(Path.Combine(home, "refs", "main")));
        string[] needed = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"];
        Assert.Equal(needed, Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName)
            .Order(StringComparer.Ordinal));
        foreach (var file in needed)
        {
            Assert.Equal($"../../blobs/{repository.ETag(file)}", new FileInfo(Path.Combine(folder, file)).LinkTarget);
            Assert.Equal(repository.Files[file], File.ReadAllBytes(Path.Combine(folder, file)));
            Assert.True(File.Exists(Path.Combine(_hub.Cache, ".locks", "models--acme--tiny", repository.ETag(file) + ".lock")));
        }
        Assert.Equal(needed.Select(repository.ETag).Order(StringComparer.Ordinal), Directory.EnumerateFiles(Path.Combine(home, "blobs"))
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(Path.Combine(home, ".no_exist", repository.Commit, "adapter_config.json")));
        Assert.Equal(needed.Sum(file => repository.Files[file].Length), _hub.Server.ServedBytes);
    }

    [Fact]
    public void What_is_here_is_not_fetched_again_and_a_new_commit_shares_what_did_not_change()
    {
        var repository = _hub.AddModel();
        _hub.Fetch();
        var before = _hub.Server.FileRequests.Count();

        _hub.Fetch();
        Assert.Equal(before, _hub.Server.FileRequests.Count());

        var old = repository.Commit;
        repository.Commit = new('b', 40);
        repository.Files["config.json"] = "{\"model_type\": \"qwen2\", \"n\": 1}"u8.ToArray();
        var served = _hub.Server.ServedBytes;
        var folder = _hub.Fetch();
        Assert.EndsWith(repository.Commit, folder);
        Assert.Equal(served + repository.Files["config.json"].Length, _hub.Server.ServedBytes);
        Assert.Equal(old, Path.GetFileName(_hub.Fetch(id: $"{HubFixture.Id}@{old}")));
    }

    [Fact]
    public void A_snapshot_that_Python_made_is_used_without_fetching_a_file()
    {
        var repository = _hub.AddModel();
        string[] files = ["config.json", "generation_config.json", "tokenizer.json", "model.safetensors"];
        var home = Path.Combine(_hub.Cache, "models--acme--tiny");
        var snapshot = Path.Combine(home, "snapshots", repository.Commit);
        foreach (var folder in (string[])[Path.Combine(home, "blobs"), Path.Combine(home, "refs"),
            snapshot]) Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(home, "refs", "main"), repository.Commit);
        foreach (var file in files)
        {
            File.WriteAllBytes(Path.Combine(home, "blobs", repository.ETag(file)), repository.Files[file]);
            File.CreateSymbolicLink(Path.Combine(snapshot, file), $"../../blobs/{repository.ETag(file)}");
        }

        Assert.Equal(snapshot, _hub.Fetch());
        Assert.Empty(_hub.Server.FileRequests);

        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Equal(snapshot, _hub.Fetch());
        Assert.Single(_hub.Server.Requests);
    }

    [Fact]
    public void A_commit_that_is_here_needs_no_network_at_all()
    {
        var repository = _hub.AddModel();
        var folder = _hub.Fetch();
        var before = _hub.Server.Requests.Count;

        Assert.Equal(folder, _hub.Fetch(id: $"{HubFixture.Id}@{repository.Commit}"));
        Assert.Equal(before, _hub.Server.Requests.Count);
    }

    [Fact]
    public void Shards_are_those_of_the_index()
    {
        var repository = _hub.AddModel();
        repository.Files.Remove("model.safetensors");
        repository.Files["model.safetensors.index.json"] = Index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
        foreach (var i in (int[])[1, 2]) repository.Files[$"model-0000{i}-of-00002.safetensors"] = HubFixture.Bytes(150_000, i);
        repository.Files["model-fp32.safetensors"] = HubFixture.Bytes(300_000, 9);

        var folder = _hub.Fetch();

        Assert.Equal(["config.json", "generation_config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "tokenizer.json"],
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        repository.Files.Remove("model-00002-of-00002.safetensors");
        repository.Commit = new('c', 40);
        Assert.Contains("model.safetensors.index.json names model-00002-of-00002.safetensors, which is not there", _hub.ErrorOf());
    }

    [Fact]
    public void Pickles_are_taken_where_there_is_nothing_else_and_a_plan_takes_no_weights()
    {
        var repository = _hub.AddModel();
        repository.Files.Remove("model.safetensors");

        Assert.DoesNotContain("pytorch_model.bin", Directory.EnumerateFiles(_hub.Fetch(ModelFiles.Shape)).Select(Path.GetFileName));
        Assert.Contains("pytorch_model.bin", Directory.EnumerateFiles(_hub.Fetch()).Select(Path.GetFileName));

        repository.Files.Remove("pytorch_model.bin");
        repository.Files["tiny.gguf"] = HubFixture.Bytes(9000);
        repository.Commit = new('c', 40);
        Assert.Contains("GGUF", _hub.ErrorOf());
    }

    [Fact]
    public void An_adapter_is_its_config_and_weights()
    {
        var repository = _hub.Server.Add("models/acme/lora");
        foreach (var file in (string[])["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin", "run.json",
            "optimizer.pt"]) repository.Files[file] = Encoding.UTF8.GetBytes("{}");

        var folder = _hub.Fetch(ModelFiles.Adapter, "acme/lora");

        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "run.json"], Directory.EnumerateFiles(folder)
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("this is a LoRA adapter, not a model", _hub.ErrorOf(ModelFiles.Model, "acme/lora@main"));
    }

    [Fact]
    public void Where_links_cannot_be_made_files_are_in_the_snapshot_itself()
    {
        var repository = _hub.AddModel();
        _hub.Link = (_, _) => throw new IOException("no links here");

        var folder = _hub.Fetch();

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Null(new FileInfo(Path.Combine(folder, "model.safetensors")).LinkTarget);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs")));
        var served = _hub.Server.ServedBytes;
        _hub.Fetch();
        Assert.Equal(served, _hub.Server.ServedBytes);
    }

    [Fact]
    public void Names_that_would_lead_out_of_the_folder_are_not_followed()
    {
        var repository = _hub.AddModel();
        repository.Files["../../../evil.json"] = "{}"u8.ToArray();

        var folder = _hub.Fetch((listing, _) => [.. listing.Paths]);

        Assert.False(File.Exists(Path.Combine(folder, "../../../evil.json")));
    }

    [Fact]
    public void A_disk_without_room_is_refused_before_weights_are_fetched()
    {
        _hub.AddModel();
        _hub.FreeBytes = 500_000;

        var message = _hub.ErrorOf();

        Assert.Contains("1.0 MB are to be fetched", message);
        Assert.Contains("500,000 bytes free", message);
        Assert.Contains("HF_HUB_CACHE", message);
        // It tells whether the weights are of a kind that is read.
        Assert.All(_hub.Server.FileRequests, request => Assert.EndsWith("/config.json", request.Path));
    }

    [Fact]
    public async Task Two_who_want_the_same_fetch_it_once()
    {
        var repository = _hub.AddModel();
        _hub.Server.Pause = TimeSpan.FromMilliseconds(1);

        var folders = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => _hub.Fetch())));

        Assert.Single(folders.Distinct());
        Assert.Equal(repository.Files["model.safetensors"].Length, _hub.Server.Served[repository.ETag("model.safetensors")]);
    }

    static byte[] Index(params string[] shards) =>
        JsonSerializer.SerializeToUtf8Bytes(new { weight_map = shards.Index().ToDictionary(s => $"layer.{s.Index}", s => s.Item) });

    public void Dispose() => _hub.Dispose();
}
