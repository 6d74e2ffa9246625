using FinIntent.Lora;
using Xunit;

namespace FinIntent.Tests.Lora;

public sealed class AdapterConfigTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    AdapterConfig Read(string more)
    {
        _folder.Write("adapter_config.json",
            $$"""{"peft_type": "LORA", "r": 4, "lora_alpha": 6, "target_modules": ["q_proj"], "from_the_future": 1{{more}}}""");
        return AdapterConfig.Read(_folder[""]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"init_lora_weights\": true, \"use_dora\": false, \"modules_to_save\": null, \"layers_to_transform\": []")]
    [InlineData(", \"init_lora_weights\": \"gaussian\"")]
    public void What_changes_nothing_is_accepted(string more) =>
        Assert.Equal((4, 1.5), (Read(more).Settings.Rank, Read(more).Settings.ScaleOf("q_proj")));

    [Theory]
    [InlineData("\"init_lora_weights\": \"pissa_niter_16\"",
        "init_lora_weights is \"pissa_niter_16\", which changes the base's weights too")]
    [InlineData("\"use_dora\": true", "use_dora is true, which is not computed here")]
    [InlineData("\"modules_to_save\": [\"lm_head\"]", "modules_to_save is [\"lm_head\"], which is not computed here")]
    [InlineData("\"bias\": \"all\"", "bias is \"all\"")]
    [InlineData("\"r\": 8", "adapter_config.json:1: the key \"r\" stands twice in one object")]
    public void What_would_change_the_result_is_refused_by_name(string key, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => Read(", " + key)).Message);
}
