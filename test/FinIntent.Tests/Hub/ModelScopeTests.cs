using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

public sealed class ModelScopeTests : IDisposable
{
    readonly HubFixture _hub = new();

    public ModelScopeTests() => _hub.Variables["USE_MODELSCOPE_HUB"] = "1";

    [Fact]
    public void A_model_lies_in_modelscopes_folder_and_is_not_fetched_twice()
    {
        var repository = _hub.AddModel(id: "acme/tiny-1.5");

        var folder = _hub.Fetch(id: "acme/tiny-1.5");

        Assert.Equal(_hub[Path.Combine("ms", "models", "acme", "tiny-1___5")], folder);
        foreach (var file in (string[])["config.json", "tokenizer.json", "generation_config.json", "model.safetensors"])
            Assert.Equal(repository.Files[file], File.ReadAllBytes(Path.Combine(folder, file)));
        Assert.False(File.Exists(Path.Combine(folder, "pytorch_model.bin")));
        Assert.True(File.Exists(_hub[Path.Combine("ms", ".lock", "acme___tiny-1.5")]));

        var served = _hub.Server.ServedBytes;
        _hub.Fetch(id: "acme/tiny-1.5");
        Assert.Equal(served, _hub.Server.ServedBytes);
    }

    [Fact]
    public void What_Python_fetched_is_read_once_and_used_and_what_is_wrong_is_replaced()
    {
        var repository = _hub.AddModel();
        var folder = Directory.CreateDirectory(_hub[Path.Combine("ms", "models", "acme", "tiny")]).FullName;
        foreach (var file in repository.Files.Where(f => !f.Key.Contains('/'))) File.WriteAllBytes(Path.Combine(folder, file.Key),
            file.Value);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), new byte[3000]);

        Assert.Equal(folder, _hub.Fetch());

        Assert.Equal(3000, _hub.Server.ServedBytes);
        Assert.Equal(repository.Files["tokenizer.json"], File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));
    }

    [Fact]
    public void Interruptions_and_wrong_bytes_are_survived()
    {
        var repository = _hub.AddModel();
        using (var stop = new CancellationTokenSource())
        {
            _hub.Server.OnServed = served => { if (served > 400_000) stop.Cancel(); };
            Assert.ThrowsAny<OperationCanceledException>(() => _hub.Fetch(stop: stop.Token));
        }
        _hub.Server.OnServed = null;
        var faults = 0;
        _hub.Server.FaultOf = _ => Interlocked.Increment(ref faults) switch
        {
            2 => CdnFault.CutInside,
            4 => CdnFault.WrongBytes,
            6 =>
            CdnFault.ServerError,
            _ => null
        };

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(_hub.Fetch(), "model.safetensors")));
    }

    [Fact]
    public void The_token_stays_with_the_hub()
    {
        _hub.AddModel();
        _hub.Variables["MODELSCOPE_API_TOKEN"] = HubServer.Token;

        _hub.Fetch();

        Assert.All(_hub.Server.Requests.Where(r => r.Host == "hub"), r => Assert.Equal("m_session_id=" + HubServer.Token, r.Cookie));
        Assert.All(_hub.Server.Requests.Where(r => r.Host == "cdn"), r => Assert.True(r.Cookie is null && r.Authorization is null));
    }

    [Fact]
    public void A_name_that_is_not_there_is_explained() =>
        Assert.Contains("there is no model acme/other at", _hub.ErrorOf(id: "acme/other"));

    [Fact]
    public void LLaMA_Factorys_main_is_master_here()
    {
        _hub.AddModel();

        _hub.Fetch(id: "acme/tiny@main");

        Assert.Contains(_hub.Server.Requests, r => r.Path.EndsWith("/repo/files", StringComparison.Ordinal));
        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.True(File.Exists(Path.Combine(_hub.Fetch(), "config.json")));
    }

    [Theory]
    [InlineData("v1", "v2")]
    [InlineData("1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222")]
    public void Another_revision_is_not_taken_for_the_one_asked_for(string one, string two)
    {
        var repository = _hub.AddModel();
        _hub.Fetch(id: $"acme/tiny@{one}");
        repository.Files["config.json"] = "{\"model_type\": \"qwen2\", \"n\": 2}"u8.ToArray();

        Assert.Equal(repository.Files["config.json"], File.ReadAllBytes(Path.Combine(_hub.Fetch(id: $"acme/tiny@{two}"), "config.json")));

        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Contains($"there is nothing of its revision {one}", _hub.ErrorOf(id: $"acme/tiny@{one}"));
        Assert.True(File.Exists(Path.Combine(_hub.Fetch(id: $"acme/tiny@{two}"), "config.json")));
    }

    [Fact]
    public void A_folder_of_two_revisions_is_none_of_them()
    {
        var repository = _hub.AddModel();
        _hub.Fetch(id: "acme/tiny@v1");
        repository.Files["model.safetensors"] = HubFixture.Bytes(900_000, 5);
        using var stop = new CancellationTokenSource();
        _hub.Server.OnServed = _ => stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => _hub.Fetch(id: "acme/tiny@v2", stop: stop.Token));
        _hub.Server.OnServed = null;

        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Contains("there is nothing of its revision v1", _hub.ErrorOf(id: "acme/tiny@v1"));
        Assert.Contains("there is nothing of its revision v2", _hub.ErrorOf(id: "acme/tiny@v2"));
    }

    public void Dispose() => _hub.Dispose();
}
