using System.Text.Json.Nodes;
using FinIntent.Jobs.Studies;
using Xunit;

namespace FinIntent.Tests.Jobs.Studies;

public sealed class StudyStepTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    StudyStep Of(string settings) => new(_folder["result.txt"], new() { ["base"] = "1f", ["settings"] = JsonNode.Parse(settings) });

    void Make(string settings) => Of(settings).Do(() =>
    {
        _folder.Write("result.txt", "made");
        return true;
    });

    [Theory]
    [InlineData("""{"lora_rank": 4}""", """{"lora_rank": 4, "warmup_steps": 0, "lr_scheduler_type": "linear", "lora_alpha": null}""")]
    [InlineData("""{"lora_rank": 4, "gone_since": null}""", """{"lora_rank": 4}""")]
    public void A_setting_that_came_or_went_since_leaves_a_step_done_as_long_as_it_has_its_default(string before, string now)
    {
        Make(before);

        Assert.True(Of(now).IsThere);
        Assert.Equal(Of(before).Digest, Of(now).Digest);
        Assert.True(Of(now).Do(() => throw new InvalidOperationException("it is done")));
    }

    [Theory]
    [InlineData("""{"lora_rank": 4, "warmup_steps": 5}""")]
    [InlineData("""{"lora_rank": 4, "no_key_of_ours": 1}""")]
    [InlineData("""{"lora_rank": 8}""")]
    [InlineData("""{}""")]
    public void A_step_with_other_inputs_is_done_again(string now)
    {
        Make("""{"lora_rank": 4}""");

        Assert.False(Of(now).IsThere);
        Assert.NotEqual(Of("""{"lora_rank": 4}""").Digest, Of(now).Digest);
        Of(now).Do(() =>
        {
            Assert.False(File.Exists(_folder["result.txt"]));
            return false;
        });
    }
}
