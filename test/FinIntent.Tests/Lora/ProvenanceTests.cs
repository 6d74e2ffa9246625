using FinIntent.Lora;
using Xunit;

namespace FinIntent.Tests.Lora;

public sealed class ProvenanceTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("template", "5", "template: expected a text, got 5")]
    [InlineData("base_fingerprint", "[]", "base_fingerprint: expected a text, got a list")]
    [InlineData("enable_thinking", "\"yes\"", "enable_thinking: expected true or false, got \"yes\"")]
    [InlineData("label_sets", "{}", "label_sets: expected a list, got an object")]
    [InlineData("adapters", "[1]", "adapters[0]: expected a text, got 1")]
    public void A_wrong_value_of_a_record_is_named_with_its_key(string key, string value, string message)
    {
        _folder.Write("finintent.json", $$"""{"format": 1, "{{key}}": {{value}}}""");

        Assert.Contains($"finintent.json: {message}", Assert.Throws<UserErrorException>(() => Provenance.Read(_folder.Path)).Message);
    }

    /// <summary>What a record names may be gone, or no folder's name at all.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("a\\u0000b")]
    [InlineData("nowhere")]
    public void Folders_that_are_not_there_have_no_runs(string name)
    {
        _folder.Write("finintent.json", $$"""{"format": 1, "base_model": "{{name}}", "adapters": ["{{name}}"]}""");

        Assert.Empty(Provenance.RunFiles(_folder.Path));
    }
}
