using System.Text.Json.Nodes;
using FinIntent.Server;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>A second adapter that scores what another has answered, off the way of the answer.</summary>
public sealed class ShadowTests : IDisposable
{
    static readonly string[] Texts = ["茅台还能买吗", "大盘怎么样", "怎么开户", "基金定投好不好"];

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    static async Task<int> Counted(RunningServer server, string agreement)
    {
        var line = (await server.Client.GetStringAsync("/metrics", Stop)).Split('\n')
            .FirstOrDefault(l => l.StartsWith("finintent_shadow", StringComparison.Ordinal) && l.Contains($"\"{agreement}\"",
                StringComparison.Ordinal));
        return line is null ? 0 : (int)double.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    static async Task<(int Same, int Other)> Counts(RunningServer server, int texts)
    {
        for (var i = 0; i < 200; i++)
        {
            var counts = (await Counted(server, "same"), await Counted(server, "other"));
            if (counts.Item1 + counts.Item2 == texts) return counts;
            await Task.Delay(50, Stop);
        }
        throw new TimeoutException("the shadow did not score all texts");
    }

    /// <summary>The same weights under two names agree on every text, also where a request leaves two labels to choose from.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("""["D", "E"]""")]
    public async Task A_shadow_of_the_same_weights_never_disagrees(string? labels)
    {
        TestAdapters.Write(_folder["a"], 1);
        await using var server = await RunningServer.StartAsync(new()
        {
            Adapters = [new("a", _folder["a"]), new("twin", _folder["a"])],
            Shadow = "twin",
        });
        JsonObject request = new() { ["input"] = new JsonArray([.. Texts.Select(t => JsonValue.Create(t))]), ["adapter"] = "a" };
        if (labels is not null) request["labels"] = JsonNode.Parse(labels);

        await server.PostAsync("/v1/intent/classify", request.ToJsonString());

        Assert.Equal((Texts.Length, 0), await Counts(server, Texts.Length));
    }
}
