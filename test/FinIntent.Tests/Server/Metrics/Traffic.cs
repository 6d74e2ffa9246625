using FinIntent.Classification;
using FinIntent.Server.Metrics;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>Records something on every instrument, as a host does that serves an adapter "cards" with a shadow.</summary>
static class Traffic
{
    public const string Adapter = "cards", Shadow = "cards-next", Classify = "/v1/intent/classify";

    public static readonly string[] Labels = ["查询余额", "card_lost", "fees"];

    public static void Begin(ServerMetrics metrics)
    {
        metrics.Serves(Adapter, Labels);
        metrics.Serves(Shadow, Labels);
        metrics.Queue = () => new(3, 5, 600, 2) { RowsLimit = 512, TokensLimit = 65_536 };
        metrics.IsReady = () => true;
        metrics.DeviceMemory = () => [("cpu", 1_000_000)];
        metrics.AdaptersLoaded = () => [(Adapter, "cpu"), (Shadow, "cpu")];
    }

    /// <summary>A request of one text that is answered, one that is withheld, and one of each refusal and failure.</summary>
    public static void Round(ServerMetrics metrics)
    {
        for (var i = 0; i < 3; i++)
        {
            metrics.Request(Classify, Adapter, 200, 0.012);
            metrics.Phases(Classify, Adapter, new(0.0004, 0.002, 0.008));
            metrics.Prompt(Adapter, 120, 80);
            metrics.Answer(Adapter, Labels[i], 0.93, null);
            metrics.Shadow(Adapter, Shadow, isSame: i > 0);
        }
        metrics.Request(Classify, Adapter, 500, 0.02);
        metrics.Request(Classify, Adapter, 429, 0.0001);
        metrics.Answer(Adapter, "fees", 0.21, AbstentionReason.LowProbability);
        foreach (var reason in Enum.GetValues<RejectionReason>()) metrics.Rejected(reason);
        metrics.Forward(rows: 4, tokens: 480);
        metrics.ForwardFailed();
        metrics.BatchHalved();
        metrics.Swapped(Shadow, AdapterChange.Replaced);
    }
}
