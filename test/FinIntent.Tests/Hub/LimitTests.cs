using System.Globalization;
using System.Net;
using FinIntent.Hub;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>Hubs that are asked too often, or cannot answer now, and what a user can do about each refusal.</summary>
public sealed class LimitTests : IDisposable
{
    readonly HubFixture _hub = new();

    /// <summary>RateLimit as draft-ietf-httpapi-ratelimit-headers-10 and -03 have it; a second is added, since they are rounded.</summary>
    [Theory]
    [InlineData("RateLimit", "\"api\";r=0;t=20", 21.0)]
    [InlineData("RateLimit", "\"pages\";r=7;t=900, \"api\";r=0;t=9", 10.0)]
    [InlineData("RateLimit", "\"pages\";t=30;r=0,\"api\";r=0;t=9", 31.0)]
    [InlineData("ratelimit", "limit=100, remaining=0, reset=7", 8.0)]
    [InlineData("RateLimit-Reset", "6", 7.0)]
    [InlineData("Retry-After", "12", 12.0)]
    [InlineData("Retry-After", "1.5", 1.5)]
    [InlineData("Retry-After", "99999999999999999999", 365 * 86_400.0)]
    [InlineData("Retry-After", "0", null)]
    [InlineData("Retry-After", "-3", null)]
    [InlineData("Retry-After", "soon", null)]
    [InlineData("Retry-After", "NaN", null)]
    [InlineData("RateLimit", "\"api\";r=5;t=20", null)]
    [InlineData("RateLimit", "?", null)]
    [InlineData("RateLimit-Reset", "x", null)]
    [InlineData("X-Other", "5", null)]
    public void The_wait_that_a_server_asks_for_is_read(string header, string value, double? seconds)
    {
        using var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        answer.Headers.TryAddWithoutValidation(header, value);

        Assert.Equal(seconds, ServerWait.Of(answer, TimeProvider.System)?.TotalSeconds);
    }

    [Fact]
    public void A_date_is_a_wait_until_then_and_of_two_headers_the_longer_counts()
    {
        var time = new FastTime(1);
        using var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        answer.Headers.TryAddWithoutValidation("Retry-After", time.GetUtcNow().AddSeconds(50).ToString("R", CultureInfo.InvariantCulture));
        Assert.InRange(ServerWait.Of(answer, time)!.Value.TotalSeconds, 45, 50);

        answer.Headers.TryAddWithoutValidation("RateLimit", "\"api\";r=0;t=80");
        Assert.Equal(81, ServerWait.Of(answer, time)!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_limit_is_waited_for_and_told_once_with_a_hint_to_the_token_only_where_there_is_none(bool hasToken)
    {
        _hub.AddModel();
        if (hasToken) _hub.Variables["HF_TOKEN"] = HubServer.Token;
        Limit("\"api\";r=0;t=20", times: 1);

        _hub.Fetch(ModelFiles.Shape);

        Assert.Contains(TimeSpan.FromSeconds(21), _hub.Time.Asked);
        var told = Assert.Single(_hub.Told);
        Assert.Contains("answered 429", told);
        Assert.EndsWith("trying again in 21 s", told);
        Assert.Equal(!hasToken, told.Contains("HF_TOKEN set to a token of yours gives a higher limit"));
    }

    [Fact]
    public void A_limit_that_lasts_too_long_ends_the_download_with_its_time()
    {
        _hub.AddModel();
        Limit("\"api\";r=0;t=4000", times: int.MaxValue);

        var message = _hub.ErrorOf();

        Assert.Contains("it asks to wait 4001 s: run the same command again then; HF_TOKEN set to", message);
        Assert.DoesNotContain("network", message);
        Assert.Single(_hub.Server.Requests);
    }

    [Theory]
    [InlineData(429, "gives a higher limit (there is none); run the same command again later")]
    [InlineData(503, "; run the same command again later, or name a mirror with HF_ENDPOINT")]
    public void A_server_that_cannot_answer_now_is_not_taken_for_a_network_that_fails(int status, string expected)
    {
        _hub.AddModel();
        _hub.Server.Refusal = (_, _) => (status, []);

        var message = _hub.ErrorOf();

        Assert.EndsWith(expected, message);
        Assert.DoesNotContain("look at the network", message);
    }

    [Theory]
    [InlineData(403, "no rights", "no rights; if it needs an account, set HF_TOKEN")]
    [InlineData(403, "Access to this resource is disabled.", "is disabled.; the hub has closed it to everyone: look at its page")]
    [InlineData(451, "unavailable", "answered 451: unavailable; the hub has closed it to everyone: look at its page")]
    [InlineData(400, "bad request", "answered 400: bad request")]
    [InlineData(401, "who are you", "is not open to everyone; set HF_TOKEN to a token that may read it")]
    [InlineData(404, "nothing", "or it is private: look at the name; for a private one set HF_TOKEN to a token that may read it")]
    public void Each_refusal_has_its_own_remedy(int status, string text, string expected)
    {
        _hub.AddModel();
        _hub.Server.Refusal = (_, _) => (status, [("X-Error-Message", text)]);

        Assert.Contains(expected, _hub.ErrorOf());
        if (status == 400) Assert.EndsWith(text, _hub.ErrorOf());
    }

    [Fact]
    public void A_limit_of_ModelScope_is_waited_for_without_a_hint_to_another_hubs_token()
    {
        _hub.AddModel();
        _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        Limit("\"api\";r=0;t=30", times: 1);

        _hub.Fetch(ModelFiles.Shape);

        Assert.EndsWith("answered 429 TooManyRequests: refused; trying again in 31 s", Assert.Single(_hub.Told));
    }

    void Limit(string header, int times)
    {
        var requests = 0;
        _hub.Server.Refusal = (_, _) => Interlocked.Increment(ref requests) <= times ? (429, [("RateLimit", header)]) : null;
    }

    public void Dispose() => _hub.Dispose();
}
