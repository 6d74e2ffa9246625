using FinIntent.Files;
using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>What an interrupted or a partial download leaves is not taken for all of it.</summary>
public sealed class HalfFetchedTests : IDisposable
{
    static readonly string[] Shards = [.. Enumerable.Range(0, 3).Select(i => $"data/train-0000{i}-of-00003.jsonl")];

    readonly HubFixture _hub = new();

    ServedRepository AddRows()
    {
        var repository = _hub.Server.Add("datasets/acme/rows");
        foreach (var (i, shard) in Shards.Index()) repository.Files[shard] = HubFixture.Bytes(600 + i, i);
        return repository;
    }

    string Pinned(ServedRepository repository) => $"acme/rows@{repository.Commit}";

    string Fetch(string id, FileChoice? choice = null) =>
        _hub.Fetch(choice ?? ((listing, _) => [.. listing.Paths]), id, RepositoryKind.Dataset);

    /// <summary>A commit of which only the first shard came.</summary>
    ServedRepository Interrupted()
    {
        var repository = AddRows();
        Assert.Equal(Shards[..1], Files(Fetch(Pinned(repository), (_, _) => [Shards[0]])));
        return repository;
    }

    [Fact]
    public void A_pinned_commit_that_came_in_part_is_completed()
    {
        var folder = Fetch(Pinned(Interrupted()));

        Assert.Equal(Shards, Files(folder));
    }

    [Theory]
    [InlineData("HF_HUB_OFFLINE")]
    [InlineData("HF_DATASETS_OFFLINE")]
    public void Offline_it_is_refused_by_what_is_missing(string variable)
    {
        var repository = Interrupted();
        _hub.Variables[variable] = "1";

        Assert.Contains("is not complete (data/train-00001-of-00003.jsonl is missing)",
            _hub.ErrorOf((listing, _) => [.. listing.Paths], Pinned(repository), RepositoryKind.Dataset));
    }

    [Fact]
    public void Without_a_network_it_is_refused_too()
    {
        var repository = Interrupted();
        _hub.Server.Refusal = (_, _) => (503, []);

        Assert.Contains("data/train-00001-of-00003.jsonl is missing",
            _hub.ErrorOf((listing, _) => [.. listing.Paths], Pinned(repository), RepositoryKind.Dataset));
    }

    [Fact]
    public void What_Python_left_of_a_commit_is_held_against_the_hubs_list_and_offline_its_doubt_is_told()
    {
        var repository = AddRows();
        var folder = Path.Combine(_hub.Cache, "datasets--acme--rows", "snapshots", repository.Commit);
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        File.WriteAllBytes(Path.Combine(folder, Shards[0]), repository.Files[Shards[0]]);

        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Equal(Shards[..1], Files(Fetch(Pinned(repository))));
        Assert.Contains("nothing tells whether that is all of it", Assert.Single(_hub.Told));

        _hub.Variables.Remove("HF_HUB_OFFLINE");
        Assert.Equal(Shards, Files(Fetch(Pinned(repository))));
    }

    [Fact]
    public void A_blob_that_is_gone_is_fetched_again()
    {
        var repository = AddRows();
        var folder = Fetch(Pinned(repository));
        File.Delete(new FileInfo(Path.Combine(folder, Shards[2])).ResolveLinkTarget(true)!.FullName);

        Assert.Equal(repository.Files[Shards[2]], File.ReadAllBytes(Path.Combine(Fetch(Pinned(repository)), Shards[2])));
    }

    [Fact]
    public void A_part_of_a_new_commit_leaves_the_branch_where_all_is_there()
    {
        var repository = _hub.AddModel();
        var old = _hub.Fetch();
        repository.Commit = new('b', 40);
        var folders = _hub.Folders();

        var shape = folders.Fetch(folders.Hubs.HuggingFace, HubRepository.Parse(HubFixture.Id, RepositoryKind.Model)!, ModelFiles.Shape,
            TestContext.Current.CancellationToken, isPart: true);

        Assert.EndsWith(repository.Commit, shape);
        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Equal(old, _hub.Fetch());
        _hub.Variables.Remove("HF_HUB_OFFLINE");
        Assert.EndsWith(repository.Commit, _hub.Fetch());
        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.EndsWith(repository.Commit, _hub.Fetch());
    }

    [Fact]
    public void A_cache_where_nothing_can_be_marked_is_used()
    {
        var repository = _hub.AddModel();
        _hub.Fetch();
        var home = Path.Combine(_hub.Cache, "models--acme--tiny");
        foreach (var name in (string[])[".no_exist", ".finintent"])
        {
            // Files where folders should be refuse every write, of a super user too.
            Directory.Delete(Path.Combine(home, name), recursive: true);
            File.WriteAllText(Path.Combine(home, name), "");
        }

        Assert.EndsWith(repository.Commit, _hub.Fetch());
    }

    [Fact]
    public async Task A_lock_that_cannot_be_made_is_an_error_and_not_waited_for()
    {
        var folder = Directory.CreateDirectory(_hub["folder.lock"]).FullName;

        await Assert.ThrowsAnyAsync<Exception>(() =>
            HubLock.Take(folder, _ => { }, TimeProvider.System, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        Assert.False(LockFile.IsHeld(28), "ENOSPC, and on Windows ERROR_OUT_OF_PAPER");
        Assert.True(LockFile.IsHeld(OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11));
    }

    [Fact]
    public void A_hub_that_leads_to_another_kind_of_address_is_not_followed()
    {
        _hub.AddModel();
        _hub.Server.Refusal = (method, path) => path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? (302, [("Location", "ftp://127.0.0.1/x")]) : null;

        Assert.Contains("leads to an address of ftp", _hub.ErrorOf());
    }

    static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path))
            .Order(StringComparer.Ordinal);

    public void Dispose() => _hub.Dispose();
}
