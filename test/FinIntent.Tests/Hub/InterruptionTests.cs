using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>
/// Downloads that are stopped, cut and lied to: what comes out is whole and right, and no byte is fetched twice without need.
/// </summary>
public sealed class InterruptionTests : IDisposable
{
    readonly HubFixture _hub = new();

    /// <summary>
    /// Each interruption may lose what was on its way: of each connection no more than the part it had asked for. Everything that was
    /// written is kept.
    /// </summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 2)]
    [InlineData(4, 3)]
    [InlineData(8, 4)]
    public void Stopped_again_and_again_at_random_points(int connections, int seed)
    {
        var repository = _hub.AddModel(1_500_007);
        _hub.Connections = connections;
        var random = new Random(seed);
        var stops = 0;
        while (true)
        {
            using var stop = new CancellationTokenSource();
            var limit = _hub.Server.ServedBytes + random.Next(1, 400_000);
            _hub.Server.OnServed = served => { if (served >= limit) stop.Cancel(); };
            try
            {
                _hub.Fetch(stop: stop.Token);
                break;
            }
            catch (OperationCanceledException)
            {
                stops++;
            }
        }

        Assert.True(stops >= 3, $"{stops} stops");
        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
        var size = repository.Files["model.safetensors"].Length;
        var served = _hub.Server.Served[repository.ETag("model.safetensors")];
        Assert.InRange(served, size, size + ((long)stops * connections * _hub.PartBytes));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs"),
            repository.ETag("model.safetensors") + "*"));
    }

    [Theory]
    [InlineData(CdnFault.Cut)]
    [InlineData(CdnFault.CutInside)]
    [InlineData(CdnFault.ServerError)]
    [InlineData(CdnFault.TooMany)]
    [InlineData(CdnFault.Expired)]
    [InlineData(CdnFault.WrongRange)]
    [InlineData(CdnFault.NotSatisfiable)]
    internal void What_fails_now_and_then_is_asked_for_again(CdnFault fault)
    {
        var repository = _hub.AddModel();
        _hub.Server.FaultOf = number => number % 3 == 0 ? fault : null;

        var folder = _hub.Fetch();

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.InRange(_hub.Server.Served[repository.ETag("model.safetensors")], 1_000_003, 1_000_003 + 1_000_003 / 4);
        if (fault == CdnFault.TooMany) Assert.Contains(_hub.Time.Asked, wait => wait == TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Silence_is_as_good_as_a_cut()
    {
        var repository = _hub.AddModel(100_000);
        _hub.SilenceLimit = TimeSpan.FromMilliseconds(300);
        _hub.Server.FaultOf = number => number == 1 ? CdnFault.Silence : null;

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    [Fact]
    public void Addresses_that_run_out_are_renewed()
    {
        var repository = _hub.AddModel();
        var isRevoked = false;
        _hub.Server.OnServed = served =>
        {
            if (isRevoked || served < 300_000) return;
            isRevoked = true;
            _hub.Server.Revoke();
        };

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
        Assert.True(_hub.Server.Requests.Count(r => r.Method == "HEAD"
            && r.Path.EndsWith("model.safetensors", StringComparison.Ordinal)) >= 2);
    }

    [Fact]
    public void Wrong_bytes_are_seen_and_fetched_again()
    {
        var repository = _hub.AddModel();
        _hub.Server.FaultOf = number => number == 5 ? CdnFault.WrongBytes : null;

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
        Assert.Contains(_hub.Told, line => line.Contains("wrong bytes"));
    }

    [Fact]
    public void Bytes_that_stay_wrong_are_refused_and_nothing_of_them_is_kept()
    {
        var repository = _hub.AddModel();
        _hub.Server.FaultOf = _ => CdnFault.WrongBytes;

        Assert.Contains(repository.ETag("model.safetensors"), _hub.ErrorOf());
        Assert.False(File.Exists(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs", repository.ETag("model.safetensors"))));
        Assert.False(File.Exists(Path.Combine(_hub.Cache, "models--acme--tiny", "refs", "main")));

        _hub.Server.FaultOf = _ => null;
        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    /// <summary>git's name of the content is its digest.</summary>
    [Fact]
    public void Wrong_bytes_of_a_small_file_are_seen_too()
    {
        var repository = _hub.AddModel();
        var requests = 0;
        // the first is HEAD
        _hub.Server.Tampered = file => file == "tokenizer.json" && Interlocked.Increment(ref requests) == 2 ? new byte[3000] : null;

        Assert.Equal(repository.Files["tokenizer.json"], File.ReadAllBytes(Path.Combine(_hub.Fetch(ModelFiles.Shape), "tokenizer.json")));
        Assert.Contains(_hub.Told, line => line.Contains("tokenizer.json: wrong bytes"));
    }

    [Fact]
    public void A_file_that_changes_between_the_question_and_the_answer_is_not_mixed()
    {
        var repository = _hub.AddModel();
        _hub.Server.Refusal = (method, path) =>
        {
            if (method == "GET" && path.EndsWith("tokenizer.json", StringComparison.Ordinal)) repository.Files["tokenizer.json"] =
                HubFixture.Bytes(3000, 8);
            return null;
        };

        Assert.Contains("tokenizer.json changed while it was fetched", _hub.ErrorOf());
    }

    [Fact]
    public void A_mirror_that_gives_another_commit_is_refused()
    {
        _hub.AddModel();
        _hub.Server.Refusal = (method, _) => method == "HEAD"
            ? (200, [("X-Repo-Commit", new string('b', 40)), ("ETag", $"\"{new string('c', 40)}\"")]) : null;

        Assert.Contains($"is of commit {new string('b', 40)}, and {new string('a', 40)} was asked for", _hub.ErrorOf());
    }

    [Fact]
    public void A_server_that_knows_no_ranges_is_read_from_its_beginning_once()
    {
        var repository = _hub.AddModel();
        _hub.Server.IgnoresRanges = true;

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
        Assert.Equal(1_000_003, _hub.Server.Served[repository.ETag("model.safetensors")]);
    }

    /// <summary>
    /// huggingface_hub before 1.x leaves ETAG.incomplete, since then ETAG.XXXXXXXX.incomplete; both are the beginning of the file.
    /// </summary>
    [Theory]
    [InlineData(".incomplete")]
    [InlineData(".0a1b2c3d.incomplete")]
    public void What_Python_left_unfinished_is_gone_on_with(string suffix)
    {
        var repository = _hub.AddModel();
        var etag = repository.ETag("model.safetensors");
        var blobs = Directory.CreateDirectory(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs")).FullName;
        File.WriteAllBytes(Path.Combine(blobs, etag + suffix), repository.Files["model.safetensors"][..700_001]);

        var folder = _hub.Fetch();

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(1_000_003 - 700_001, _hub.Server.Served[etag]);
        Assert.Single(Directory.EnumerateFiles(blobs, etag + "*"));
    }

    [Fact]
    public void A_wrong_beginning_is_found_out()
    {
        var repository = _hub.AddModel();
        var etag = repository.ETag("model.safetensors");
        var blobs = Directory.CreateDirectory(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs")).FullName;
        File.WriteAllBytes(Path.Combine(blobs, etag + ".incomplete"), new byte[700_001]);

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    [Fact]
    public void A_broken_record_of_parts_costs_a_new_beginning_and_nothing_else()
    {
        var repository = _hub.AddModel();
        using (var stop = new CancellationTokenSource())
        {
            _hub.Server.OnServed = served => { if (served > 400_000) stop.Cancel(); };
            Assert.ThrowsAny<OperationCanceledException>(() => _hub.Fetch(stop: stop.Token));
        }
        _hub.Server.OnServed = null;
        var state = Assert.Single(Directory.EnumerateFiles(Path.Combine(_hub.Cache, "models--acme--tiny", "blobs"), "*.parts"));
        File.WriteAllText(state, "?");

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    public void Dispose() => _hub.Dispose();
}
