using System.Text;
using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>The bytes of a file are held to the size and the digest of the list of files, whatever the server says of it.</summary>
public sealed class ListedFilesTests : IDisposable
{
    // More than a part, so that it comes over several connections.
    const int Weights = 100_003;

    readonly HubFixture _hub = new();

    static byte[] Pointer(ServedRepository repository, string file) => Encoding.ASCII.GetBytes(
        $"version https://git-lfs.github.com/spec/v1\noid sha256:{repository.ETag(file)}\nsize {repository.Files[file].Length}\n");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_length_that_an_answer_does_not_name_is_the_lists(bool ignoresRanges)
    {
        var repository = _hub.AddModel(Weights);
        (_hub.Server.NamesNoLength, _hub.Server.IgnoresRanges) = (true, ignoresRanges);

        var folder = _hub.Fetch();

        foreach (var file in (string[])["config.json", "tokenizer.json", "model.safetensors"])
            Assert.Equal(repository.Files[file], File.ReadAllBytes(Path.Combine(folder, file)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_pointer_in_place_of_a_large_file_is_named_and_nothing_of_it_is_kept(bool isModelScope, bool namesNoLength)
    {
        var repository = _hub.AddModel(Weights);
        if (isModelScope) _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        _hub.Server.NamesNoLength = namesNoLength;
        _hub.Server.InPlaceOf = file => repository.IsLarge(file) ? Pointer(repository, file) : null;

        Assert.Matches("^model.safetensors: http://.* sent a Git LFS pointer", _hub.ErrorOf());

        _hub.Server.InPlaceOf = _ => null;
        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    [Fact]
    public void A_pointer_that_is_the_repositorys_own_file_is_named_too()
    {
        var repository = _hub.AddModel(Weights);
        repository.Files["model.safetensors"] = Pointer(repository, "model.safetensors");

        Assert.Contains("model.safetensors: ", _hub.ErrorOf());
        Assert.Contains("sent a Git LFS pointer", _hub.ErrorOf());
    }

    /// <summary>Before, a hub's cache kept pointers; they are not what the list names.</summary>
    [Fact]
    public void A_file_of_another_size_than_the_list_has_is_fetched_anew()
    {
        var repository = _hub.AddModel(Weights);
        var folder = _hub.Fetch();
        var blob = Path.Combine(_hub.Cache, "models--acme--tiny", "blobs", repository.ETag("model.safetensors"));
        File.WriteAllBytes(blob, Pointer(repository, "model.safetensors"));

        Assert.Equal(folder, _hub.Fetch());
        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public void Another_file_of_the_same_size_is_seen_by_the_lists_SHA_256_where_the_ETag_is_gits()
    {
        var repository = _hub.AddModel(Weights);
        _hub.Server.InPlaceOf = file => file == "model.safetensors" ? HubFixture.Bytes(repository.Files[file].Length, 9) : null;

        Assert.Contains($"SHA-256 {repository.ETag("model.safetensors")} is right", _hub.ErrorOf());
    }

    [Theory]
    [InlineData(2000)] // may be a pointer by its size
    [InlineData(500)]
    [InlineData(3001)]
    public void A_file_of_another_size_is_refused_with_both(int size)
    {
        _hub.AddModel(Weights);
        _hub.Server.InPlaceOf = file => file == "tokenizer.json" ? HubFixture.Bytes(size, 9) : null;

        Assert.Contains(FormattableString.Invariant($"has {size:N0} bytes of it, and 3,000 are right"), _hub.ErrorOf());
        Assert.DoesNotContain(_hub.Server.FileRequests, r => r.Path.EndsWith("model.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_digest_nothing_that_is_here_of_a_file_is_gone_on_with()
    {
        var repository = _hub.AddModel(Weights);
        _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        _hub.Server.ListsNoDigest = true;
        using (var stop = new CancellationTokenSource())
        {
            _hub.Server.OnServed = served => { if (served > 40_000) stop.Cancel(); };
            Assert.ThrowsAny<OperationCanceledException>(() => _hub.Fetch(stop: stop.Token));
        }
        _hub.Server.OnServed = null;
        repository.Files["model.safetensors"] = HubFixture.Bytes(Weights, 5);

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    const string Commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [Theory]
    [InlineData("", "there is nothing in it")]
    [InlineData("<html>", "not valid JSON")]
    [InlineData("[]", "no list of the files")]
    [InlineData("""{"sha":"x","siblings":[]}""", "no list of the files")]
    [InlineData("{\"sha\":\"" + Commit + "\"}", "no list of the files")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":{}}", "siblings: expected a list, got an object")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[1]}", "siblings[0]: expected an object, got 1")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{}]}", "siblings[0]: the key \"rfilename\" is missing")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":null}]}", "siblings[0].rfilename: expected a text, got null")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":\"a\",\"size\":1.5}]}",
        "siblings[0].size: expected a whole number")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":\"a\",\"size\":1e40}]}",
        "siblings[0].size: expected a whole number")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":\"a\",\"size\":-1}]}", "lists a with a size below zero, -1")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":\"a\",\"lfs\":{\"sha256\":\"zz\"}}]}",
        "lists a with a SHA-256 that is none, \"zz\"")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"siblings\":[{\"rfilename\":\"\\ud800\"}]}", "half of a surrogate pair")]
    [InlineData("{\"sha\":\"" + Commit + "\",\"sha\":\"" + Commit + "\",\"siblings\":[]}", "the key \"sha\" stands twice")]
    public void A_damaged_list_is_told_with_its_address(string list, string expected)
    {
        _hub.AddModel(Weights);
        _hub.Server.ListText = list;

        var message = _hub.ErrorOf();

        Assert.Contains(expected, message);
        Assert.Contains(_hub.Server.Url, message);
        Assert.DoesNotContain("System.", message);
    }

    [Theory]
    [InlineData("3", "no list of the files")]
    [InlineData("""{"Code":500,"Success":false,"Message":"maintenance","Data":null}""", "no list of the files of acme/tiny: maintenance")]
    [InlineData("""{"Data":{"Files":[[]]}}""", "Data.Files[0]: expected an object, got a list")]
    [InlineData("""{"Data":{"Files":[{"Path":"config.json","Size":"1"}]}}""", "Data.Files[0].Size: expected a whole number, got \"1\"")]
    [InlineData("""{"Data":{"Files":[{"Path":"config.json","Size":-7}]}}""", "a size below zero, -7")]
    [InlineData("""{"Data":{"Files":[{"Path":7}]}}""", "Data.Files[0].Path: expected a text, got 7")]
    public void A_damaged_list_of_ModelScope_is_told_too(string list, string expected)
    {
        _hub.AddModel(Weights);
        _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        _hub.Server.ListText = list;

        var message = _hub.ErrorOf();

        Assert.Contains(expected, message);
        Assert.Contains(_hub.Server.Url, message);
    }

    /// <summary>The cache can be made anew, so what cannot be read of its records is.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("[{}]")]
    [InlineData("[{\"path\":7}]")]
    [InlineData("[{\"path\":\"../../secret\",\"size\":1}]")]
    [InlineData("[{\"path\":\"config.json\",\"size\":1e99}]")]
    [InlineData("[{\"path\":\"config.json\",\"size\":-1}]")]
    [InlineData("{\"files\":[],\"files\":[]}")]
    [InlineData("{\"format_version\":{}}")]
    public void A_damaged_record_of_the_cache_is_written_anew(string record)
    {
        var repository = _hub.AddModel(Weights);
        var folder = _hub.Fetch(ModelFiles.Shape);
        File.WriteAllText(Path.Combine(_hub.Cache, "models--acme--tiny", ".finintent", repository.Commit + ".json"), record);

        Assert.Equal(folder, _hub.Fetch(ModelFiles.Shape));
        Assert.Equal(folder, _hub.Fetch(ModelFiles.Shape, $"acme/tiny@{repository.Commit}"));
    }

    [Theory]
    [InlineData("{\"/revision\":7}")]
    [InlineData("{\"/files\":7,\"config.json\":[]}")]
    [InlineData("{\"config.json\":{\"sha256\":1,\"written\":\"x\"}}")]
    [InlineData("null")]
    public void A_damaged_record_of_ModelScopes_folder_is_written_anew(string record)
    {
        _hub.AddModel(Weights);
        _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        var folder = _hub.Fetch(ModelFiles.Shape);
        File.WriteAllText(Path.Combine(folder, ".finintent.json"), record);

        Assert.Equal(folder, _hub.Fetch(ModelFiles.Shape));
    }

    public void Dispose() => _hub.Dispose();
}
