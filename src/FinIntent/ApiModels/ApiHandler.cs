using System.Net;
using System.Net.Http.Headers;

namespace FinIntent.ApiModels;

/// <summary>Puts the user's own parameters into requests, and makes an <see cref="ApiFailure"/> of what is no answer.</summary>
/// <param name="parameters">Parameters of the request's body; null takes one out.</param>
sealed class ApiHandler(ApiEndpoint endpoint, JsonObject parameters, TimeProvider time) : DelegatingHandler
{
    const int OverLoaded = 529;
    const int MostShown = 600;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
    {
        if (parameters.Count > 0) await SetParameters(request, stop);
        var response = await base.SendAsync(request, stop);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw await Failure(request, response, stop);
    }

    async Task SetParameters(HttpRequestMessage request, CancellationToken stop)
    {
        var body = (JsonObject)JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(stop))!;
        foreach (var (key, value) in parameters)
        {
            if (value is null) body.Remove(key);
            else body[key] = value.DeepClone();
        }
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body));
        request.Content.Headers.ContentType = new("application/json");
    }

    async Task<ApiFailure> Failure(HttpRequestMessage request, HttpResponseMessage response, CancellationToken stop)
    {
        var status = (int)response.StatusCode;
        var (message, code) = Error(await Text(response, stop));
        if (response.Headers.Location is { } location) message = $"it redirects to {location}";
        if (endpoint.Key is { } key) message = key.Redact(message);
        if (message.Length > MostShown) message = message[..MostShown] + "…";
        var place = request.RequestUri!.GetLeftPart(UriPartial.Path);
        var isOutOfMoney = code is "insufficient_quota" or "billing_hard_limit_reached";
        var isFinal = isOutOfMoney || status is not (408 or 409 or 425 or 429 or >= 500);
        var text = $"{place} answered {status} {NameOf(response)}: {message}{(isFinal ? $"; {Remedy(status, isOutOfMoney)}" : "")}";
        return new(text, isFinal)
        {
            RetryAfter = Wait(response.Headers.RetryAfter),
            IsRefusal = code == "content_filter",
            // A server that broke, or a gateway that did not wait, may have had the model answer.
            MayBeCharged = status is 408 or (>= 500 and not ((int)HttpStatusCode.ServiceUnavailable or OverLoaded)),
        };
    }

    static async Task<string> Text(HttpResponseMessage response, CancellationToken stop)
    {
        try
        {
            return await response.Content.ReadAsStringAsync(stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
        {
            return ""; // the status says enough
        }
    }

    /// <summary>Reads {"error": {"message", "code" or "type"}} as most servers send it, {"error": "…"} (Ollama) or other text.</summary>
    static (string Message, string? Code) Error(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var error = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var inner) ? inner : root;
            if (error.ValueKind == JsonValueKind.String) return (error.GetString()!, null);
            if (error.ValueKind == JsonValueKind.Object)
                return (Word(error, "message") ?? text, Word(error, "code") ?? Word(error, "type"));
        }
        catch (JsonException)
        {
            // It is a proxy's page.
        }
        return (text.Length == 0 ? "no message" : text.ReplaceLineEndings(" "), null);

        static string? Word(JsonElement error, string name) =>
            error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    TimeSpan? Wait(RetryConditionHeaderValue? header)
    {
        var wait = header?.Delta ?? header?.Date - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : null;
    }

    static string NameOf(HttpResponseMessage response) => (int)response.StatusCode == OverLoaded ? "Overloaded"
        : !string.IsNullOrEmpty(response.ReasonPhrase) ? response.ReasonPhrase
        : Enum.IsDefined(response.StatusCode) ? response.StatusCode.ToString()
        : ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);

    string Remedy(int status, bool isOutOfMoney) => status switch
    {
        _ when isOutOfMoney => "the account has no credit left; add some and run the same command again",
        401 => endpoint.Key is null
            ? $"set the key in the environment variable {ApiKey.VariableOf(endpoint.Kind)}"
            : "the key is not accepted; look at the environment variable it comes from",
        402 => "the account has no credit left; add some and run the same command again",
        403 => $"the key may not use \"{endpoint.Model}\", or not from here; look at its permissions",
        404 => $"look at api_base and api_model (\"{endpoint.Model}\")" +
            (endpoint.Version is { } version ? $" and api_version ({version})" : ""),
        400 or 422 => $"look at api_model (\"{endpoint.Model}\"); api_parameters adds a parameter to the request, " +
            "and takes one out when it is null, such as {temperature: null}",
        >= 300 and < 400 => "set api_base to where it leads, if you trust it: a key is not sent on",
        _ => $"look at api_base ({endpoint.Base}) and api_model (\"{endpoint.Model}\")",
    };
}
