using FinIntent.Hub;
using Xunit;

namespace FinIntent.Tests.Hub;

public sealed class HubSettingsTests
{
    [Fact]
    public void Without_variables_the_defaults_are_Pythons()
    {
        var hubs = HubChoice.FromEnvironment(_ => null, "/home/u");

        Assert.Equal(("https://huggingface.co/", "/home/u/.cache/huggingface/hub"),
            (hubs.HuggingFace.Endpoint.AbsoluteUri, hubs.HuggingFace.Cache));
        Assert.Equal("/home/u/.cache/modelscope/hub", hubs.ModelScope.Cache);
        Assert.False(hubs.PrefersModelScope);
        Assert.Null(hubs.HuggingFace.Token);
        Assert.Null(hubs.HuggingFace.OfflineBy);
    }

    [Theory]
    [InlineData("HF_HOME=/a", "/a/hub")]
    [InlineData("XDG_CACHE_HOME=/x", "/x/huggingface/hub")]
    [InlineData("HF_HOME=/a HF_HUB_CACHE=/b", "/b")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/c", "/c")]
    [InlineData("HF_HOME=~/hf", "/home/u/hf/hub")]
    public void The_cache_is_where_huggingface_hub_has_it(string variables, string cache)
    {
        var values = variables.Split(' ').ToDictionary(v => v.Split('=')[0], v => v.Split('=')[1]);

        Assert.Equal(cache, HubSettings.Of(HubSource.HuggingFace, values.GetValueOrDefault, "/home/u").Cache);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("YES", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void Offline_is_read_as_huggingface_hub_reads_it(string value, bool isOffline) =>
        Assert.Equal(isOffline, HubSettings.Of(HubSource.HuggingFace, name => name == "HF_HUB_OFFLINE" ? value : null, "/").OfflineBy
            is not null);

    [Fact]
    public void Mirrors_with_paths_and_hosts_without_schemes_are_addresses()
    {
        Assert.Equal("https://mirror.example/hf", HubSettings.Of(HubSource.HuggingFace, name =>
            name == "HF_ENDPOINT" ? "https://mirror.example/hf/" : null, "/").Endpoint.AbsoluteUri);
        Assert.Equal("https://www.modelscope.ai/", HubSettings.Of(HubSource.ModelScope, name =>
            name == "MODELSCOPE_DOMAIN" ? "www.modelscope.ai" : null, "/").Endpoint.AbsoluteUri);
        Assert.Contains("HF_ENDPOINT: \"ftp://x\"", Assert.Throws<UserErrorException>(() =>
            HubSettings.Of(HubSource.HuggingFace, name => name == "HF_ENDPOINT" ? "ftp://x" : null, "/")).Message);
    }

    [Fact]
    public void A_token_has_no_text()
    {
        var token = HubSettings.Of(HubSource.HuggingFace, name => name == "HF_TOKEN" ? "hf_abc\n" : null, "/").Token!;

        Assert.Equal("[token]", token.ToString());
        Assert.Equal("a [token] b", token.Redact("a hf_abc b"));
        Assert.DoesNotContain("hf_abc", HubSettings.Of(HubSource.HuggingFace, name => name == "HF_TOKEN" ? "hf_abc" : null, "/")
            .ToString());
    }

    [Theory]
    [InlineData("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct", null)]
    [InlineData("acme/tiny@v1.0", "acme/tiny", "v1.0")]
    [InlineData("acme/tiny@refs/pr/3", "acme/tiny", "refs/pr/3")]
    public void Names_of_repositories(string text, string id, string? revision)
    {
        var repository = HubRepository.Parse(text, RepositoryKind.Model)!;

        Assert.Equal((id, revision), (repository.Id, repository.Revision));
    }

    [Theory]
    [InlineData("model")]
    [InlineData("/models/base")]
    [InlineData("./base/x")]
    [InlineData("saves/a/b")]
    [InlineData("../x")]
    [InlineData("a--b/c")]
    [InlineData("a/..b")]
    [InlineData("acme/tiny@")]
    [InlineData("C:\\models\\x")]
    public void Paths_are_none(string text) => Assert.Null(HubRepository.Parse(text, RepositoryKind.Model));

    [Theory]
    [InlineData("*.json", "a.json", true)]
    [InlineData("*.json", "d/a.json", false)]
    [InlineData("**/*.json", "a.json", true)]
    [InlineData("**/*.json", "d/e/a.json", true)]
    [InlineData("data/**", "data/x/y.csv", true)]
    [InlineData("data/train-[0-9][0-9]*", "data/train-01.parquet", true)]
    [InlineData("**/train[-._ 0-9]*", "x/train.json", true)]
    [InlineData("**/train[-._ 0-9]*", "x/trains.json", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a.c", "abc", false)]
    public void Patterns_are_those_of_fsspec(string pattern, string path, bool isMatch) =>
        Assert.Equal(isMatch, HubGlob.IsMatch(pattern, path));
}
