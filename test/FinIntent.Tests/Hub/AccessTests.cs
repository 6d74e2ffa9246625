using FinIntent.Hub;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>Tokens, refusals, and times without a network.</summary>
public sealed class AccessTests : IDisposable
{
    readonly HubFixture _hub = new();

    [Theory]
    [InlineData("HF_TOKEN")]
    [InlineData("HUGGING_FACE_HUB_TOKEN")]
    [InlineData("file")]
    public void The_token_opens_a_gated_repository_and_never_reaches_the_CDN(string from)
    {
        var repository = _hub.AddModel();
        repository.IsGated = repository.IsPrivate = true;
        if (from == "file")
        {
            Directory.CreateDirectory(_hub["hf"]);
            File.WriteAllText(_hub[Path.Combine("hf", "token")], HubServer.Token + "\n");
        }
        else _hub.Variables[from] = HubServer.Token;

        var folder = _hub.Fetch();

        Assert.Equal(repository.Files["model.safetensors"], File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.All(_hub.Server.Requests.Where(r => r.Host == "hub"), r => Assert.Equal("Bearer " + HubServer.Token, r.Authorization));
        var atCdn = _hub.Server.Requests.Where(r => r.Host == "cdn").ToList();
        Assert.NotEmpty(atCdn);
        Assert.All(atCdn, r => Assert.Null(r.Authorization));
        Assert.All(_hub.Told, line => Assert.DoesNotContain(HubServer.Token, line));
    }

    [Fact]
    public void Refusals_say_what_to_do()
    {
        var repository = _hub.AddModel();
        repository.IsGated = true;
        Assert.Contains($"acme/tiny is gated: accept its licence at {_hub.Server.Url}/acme/tiny and set HF_TOKEN to a token of that " +
            $"account (there is none)", _hub.ErrorOf());

        Assert.Contains("there is no model acme/other at", _hub.ErrorOf(id: "acme/other"));
        Assert.Contains("set HF_TOKEN to a token that may read it", _hub.ErrorOf(id: "acme/other"));
        Assert.Contains("acme/tiny has no revision v9", _hub.ErrorOf(id: "acme/tiny@v9"));

        _hub.Variables["HF_TOKEN"] = "hf_wr0ng";
        Assert.Contains("the token from HF_TOKEN is not accepted", _hub.ErrorOf());

        _hub.Variables["HF_TOKEN"] = HubServer.Token;
        _hub.Server.Refusal = (method, _) => method == "HEAD"
            ? (403, [("X-Error-Code", "GatedRepo"), ("X-Error-Message", $"no access for {HubServer.Token}")]) : null;
        Assert.Contains("the one from HF_TOKEN is of another, or may not read gated repositories", _hub.ErrorOf());
        _hub.Server.Refusal = (method, _) => method == "HEAD" ? (404, [("X-Error-Code", "EntryNotFound")]) : null;
        Assert.Contains("has no file", _hub.ErrorOf());
        _hub.Server.Refusal = (_, _) => (403, [("X-Error-Message", $"{HubServer.Token} may not")]);
        Assert.Contains("[token] may not; look at what the token from HF_TOKEN may do", _hub.ErrorOf());
    }

    [Fact]
    public void A_tag_is_a_revision_and_gets_a_reference()
    {
        var repository = _hub.AddModel();
        repository.Tags["refs/pr/1"] = repository.Commit;
        repository.Tags["v1"] = repository.Commit;

        Assert.EndsWith(repository.Commit, _hub.Fetch(id: "acme/tiny@v1"));
        _hub.Fetch(id: "acme/tiny@refs/pr/1");

        var references = Path.Combine(_hub.Cache, "models--acme--tiny", "refs");
        Assert.Equal(repository.Commit, File.ReadAllText(Path.Combine(references, "v1")));
        Assert.Equal(repository.Commit, File.ReadAllText(Path.Combine(references, "refs", "pr", "1")));
    }

    [Fact]
    public void Without_a_network_what_is_here_is_used_and_what_is_not_is_explained()
    {
        _hub.AddModel();
        var folder = _hub.Fetch();
        var asked = _hub.Server.Requests.Count;

        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Equal(folder, _hub.Fetch());
        var message = _hub.ErrorOf(id: "acme/other");
        Assert.Contains("HF_HUB_OFFLINE forbids the network", message);
        Assert.Contains("unset HF_HUB_OFFLINE", message);
        Assert.Contains("its revision v2", _hub.ErrorOf(id: "acme/tiny@v2"));
        File.Delete(Path.Combine(folder, "model.safetensors"));
        Assert.Contains("is not complete", _hub.ErrorOf());
        Assert.Equal(asked, _hub.Server.Requests.Count);
    }

    [Fact]
    public void Data_sets_have_an_offline_variable_of_their_own()
    {
        _hub.AddModel();
        _hub.Server.Add("datasets/acme/rows").Files["train.json"] = "[]"u8.ToArray();
        _hub.Variables["HF_DATASETS_OFFLINE"] = "1";

        _hub.Fetch();
        Assert.Contains("HF_DATASETS_OFFLINE forbids the network",
            _hub.ErrorOf((listing, _) => [.. listing.Paths], "acme/rows", RepositoryKind.Dataset));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(0)]
    public void A_hub_that_cannot_be_reached_is_done_without_where_the_files_are_here(int status)
    {
        _hub.AddModel();
        var folder = _hub.Fetch();
        if (status == 0) _hub.Variables["HF_ENDPOINT"] = "http://127.0.0.1:1";
        else _hub.Server.Refusal = (_, _) => (status, []);

        Assert.Equal(folder, _hub.Fetch());
        Assert.Contains(_hub.Told, line => line.StartsWith("acme/tiny: ", StringComparison.Ordinal)
            && line.Contains("using what is here of it"));
        Assert.Contains("acme/other: it is not in ", _hub.ErrorOf(id: "acme/other"));
    }

    [Fact]
    public void A_server_that_is_busy_for_long_is_not_waited_for()
    {
        _hub.AddModel();
        _hub.Server.Refusal = (_, _) => (429, [("Retry-After", "3600")]);

        Assert.Contains("it asks to wait 3600 s: run the same command again then", _hub.ErrorOf());
        Assert.Single(_hub.Server.Requests);
    }

    [Fact]
    public void A_page_that_is_no_hub_is_said_to_be_none()
    {
        _hub.AddModel();
        _hub.Server.Refusal = (_, _) => (200, []);

        Assert.Contains("is it a hub (HF_ENDPOINT, MODELSCOPE_DOMAIN)?", _hub.ErrorOf());
    }

    [Fact]
    public void The_settings_that_ship_name_models_of_a_hub_and_keep_the_names()
    {
        var file = SettingsFile.Load(Path.Combine(Reference.Root, "config", "qwen25", "qwen25_7b_lora_sft.yaml"), []);
        _hub.Variables["HF_HUB_OFFLINE"] = "1";
        var message = Assert.Throws<UserErrorException>(() => _hub.Prepare(file)).Message;
        Assert.StartsWith("model_name_or_path: there is no folder Qwen/Qwen2.5-7B-Instruct on this machine; on the hub: " +
            "Qwen/Qwen2.5-7B-Instruct: HF_HUB_OFFLINE forbids the network", message);

        _hub.Variables.Remove("HF_HUB_OFFLINE");
        _hub.AddModel(id: "Qwen/Qwen2.5-7B-Instruct");
        var resolved = _hub.Prepare(file);
        Assert.Equal("Qwen/Qwen2.5-7B-Instruct", resolved.Settings.Model.ModelNameOrPath);
        Assert.True(File.Exists(Path.Combine(resolved.Folder, "model.safetensors")));
        Assert.Equal(resolved.Settings.Resolved()["model_name_or_path"], file.Resolved()["model_name_or_path"]);
    }

    [Fact]
    public void Revision_and_cache_are_those_of_the_settings()
    {
        var repository = _hub.AddModel();
        repository.Tags["v1"] = repository.Commit;
        File.WriteAllText(_hub["a.yaml"], $"model_name_or_path: acme/tiny\nmodel_revision: v1\ncache_dir: {_hub["elsewhere"]}\n");

        var resolved = _hub.Prepare(SettingsFile.Load(_hub["a.yaml"], []));

        Assert.Equal(_hub[Path.Combine("elsewhere", "models--acme--tiny", "snapshots", repository.Commit)], resolved.Folder);
        Assert.True(File.Exists(_hub[Path.Combine("elsewhere", "models--acme--tiny", "refs", "v1")]));
    }

    [Fact]
    public void Folders_that_are_there_are_used_as_they_are_and_paths_are_no_names()
    {
        var folder = Directory.CreateDirectory(_hub["base"]).FullName;
        var file = _hub["a.yaml"];
        File.WriteAllText(file, $"model_name_or_path: {folder}\nadapter_name_or_path: saves/qwen/lora/sft\n");

        var resolved = _hub.Prepare(SettingsFile.Load(file, []));

        Assert.Equal(folder, resolved.Folder);
        Assert.Equal(["saves/qwen/lora/sft"], resolved.Adapters);
        Assert.Empty(_hub.Server.Requests);
    }

    public void Dispose() => _hub.Dispose();
}
