using FinIntent.ApiModels;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.ApiModels;

public sealed class ApiEndpointTests
{
    [Theory]
    [InlineData(ApiKind.Anthropic, null, null, "https://api.anthropic.com/")]
    [InlineData(ApiKind.OpenAi, null, null, "https://api.openai.com/v1")]
    [InlineData(ApiKind.OpenAi, "http://10.0.0.5:8000/v1/", null, "http://10.0.0.5:8000/v1")]
    [InlineData(ApiKind.Ollama, null, null, "http://localhost:11434/v1")]
    [InlineData(ApiKind.Ollama, "http://box:11434", null, "http://box:11434/v1")]
    [InlineData(ApiKind.Azure, "https://n.openai.azure.com", null, "https://n.openai.azure.com/openai/v1")]
    [InlineData(ApiKind.Azure, "https://n.openai.azure.com/", "2024-10-21", "https://n.openai.azure.com/openai/deployments/m%201")]
    public void Addresses_are_what_each_client_wants(object kind, string? given, string? version, string expected)
    {
        using var key = new Variable("FININTENT_TEST_KEY", "k");

        Assert.Equal(expected, ApiEndpoint.Of(Settings((ApiKind)kind, given, version)).Base.AbsoluteUri);
    }

    [Theory]
    [InlineData("api.openai.com", "is not an address")]
    [InlineData("ftp://host/", "is not an address")]
    [InlineData("https://user:pass@host/v1", "keys belong in FININTENT_TEST_KEY")]
    [InlineData("https://host/v1?key=secret", "keys belong in FININTENT_TEST_KEY")]
    public void Addresses_that_are_none_or_hold_secrets_are_refused(string address, string expected)
    {
        using var key = new Variable("FININTENT_TEST_KEY", "k");

        var error = Assert.Throws<UserErrorException>(() => ApiEndpoint.Of(Settings(ApiKind.OpenAi, address)));

        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain("pass", error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    [Fact]
    public void A_missing_key_is_named_with_both_ways_to_set_it()
    {
        var error = Assert.Throws<UserErrorException>(() => ApiEndpoint.Of(Settings(ApiKind.Anthropic)));

        Assert.Contains("export FININTENT_TEST_KEY=", error.Message);
        Assert.Contains("dotnet user-secrets set FININTENT_TEST_KEY … --id finintent", error.Message);
    }

    [Fact]
    public void Servers_of_ones_own_need_no_key()
    {
        Assert.Null(ApiEndpoint.Of(new() { Api = ApiKind.Ollama, ApiModel = "m" }).Key);
        Assert.Null(ApiEndpoint.Of(new() { Api = ApiKind.OpenAi, ApiModel = "m", ApiBase = "http://localhost:8000/v1" }).Key);
    }

    [Fact]
    public void User_secrets_are_read_and_the_environment_goes_before_them()
    {
        using var folder = new TemporaryFolder();
        var secrets = folder.Write("secrets.json", """{"FININTENT_TEST_KEY": "from-secrets"}""");

        Assert.Equal("from-secrets", ApiKey.Find("FININTENT_TEST_KEY", secrets)!.Reveal());
        using var variable = new Variable("FININTENT_TEST_KEY", "from-environment");
        Assert.Equal("from-environment", ApiKey.Find("FININTENT_TEST_KEY", secrets)!.Reveal());
    }

    [Fact]
    public void Secrets_that_cannot_be_read_are_not_quoted()
    {
        using var folder = new TemporaryFolder();
        var secrets = folder.Write("secrets.json", """{"FININTENT_TEST_KEY": "sk-open""");

        var error = Assert.Throws<UserErrorException>(() => ApiKey.Find("FININTENT_TEST_KEY", secrets));

        Assert.Contains("not valid JSON", error.Message);
        Assert.DoesNotContain("sk-open", error.ToString());
    }

    [Theory]
    [InlineData("sk-a b")]
    [InlineData("密钥")]
    public void A_key_copied_wrongly_is_refused_without_being_shown(string value)
    {
        using var variable = new Variable("FININTENT_TEST_KEY", value);

        var error = Assert.Throws<UserErrorException>(() => ApiKey.Find("FININTENT_TEST_KEY"));

        Assert.StartsWith("FININTENT_TEST_KEY: ", error.Message);
        Assert.DoesNotContain(value, error.Message);
    }

    [Fact]
    public void A_key_has_no_text() => Assert.DoesNotContain("sk-1",
        $"{new ApiEndpoint(ApiKind.OpenAi, "m", new("https://host"), Key: new("sk-1", "V"))}");

    [Theory]
    [InlineData("https://host/v1", false)]
    [InlineData("http://localhost:1234/v1", false)]
    [InlineData("http://10.0.0.5/v1", true)]
    public void A_key_on_an_open_network_is_noticed(string address, bool expected) =>
        Assert.Equal(expected, new ApiEndpoint(ApiKind.OpenAi, "m", new(address), Key: new("sk-1", "V")).SendsKeyUnencrypted);

    static ApiSettings Settings(ApiKind kind, string? address = null, string? version = null) =>
        new() { Api = kind, ApiModel = "m 1", ApiBase = address, ApiVersion = version, ApiKeyVariable = "FININTENT_TEST_KEY" };

    /// <summary>An environment variable for the time of a test; the name is used by this class alone.</summary>
    sealed class Variable : IDisposable
    {
        readonly string _name;

        public Variable(string name, string value)
        {
            _name = name;
            Environment.SetEnvironmentVariable(name, value);
        }

        public void Dispose() => Environment.SetEnvironmentVariable(_name, null);
    }
}
