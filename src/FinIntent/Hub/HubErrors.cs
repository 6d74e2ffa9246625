namespace FinIntent.Hub;

/// <summary>Says what a hub's refusals mean, and what to do about each.</summary>
static class HubErrors
{
    const int MostShown = 300;

    public static HubFailure Of(
        HttpResponseMessage answer, Uri address, HubSettings settings, HubRequestInfo info, string text, TimeProvider time)
    {
        var status = (int)answer.StatusCode;
        var code = Header(answer, "X-Error-Code");
        var place = HubHttp.Place(address);
        var message = settings.Token?.Redact(text) ?? text;
        message = message.ReplaceLineEndings(" ");
        if (message.Length > MostShown) message = message[..MostShown] + "…";
        if (status is 408 or 425 or 429 or >= 500)
        {
            var (wait, isLimit) = (ServerWait.Of(answer, time), status == 429);
            var advice = wait > settings.LongestWait
                ? $"; it asks to wait {wait.Value.TotalSeconds:0} s: run the same command again then" : "";
            // A user who is known to the hub may ask more often.
            if (isLimit && settings is { Token: null, Source: HubSource.HuggingFace } && HubHttp.AreOneSite(address, settings.Endpoint))
                advice += "; HF_TOKEN set to a token of yours gives a higher limit (there is none)";
            var said = message.Length > 0 ? $": {message}" : "";
            return new($"{place} answered {status} {answer.ReasonPhrase}{said}{advice}")
            {
                RetryAfter = wait,
                Cause = isLimit ? HubCause.Limit : HubCause.Server,
            };
        }
        // A host to which the hub redirects knows nothing of repositories, and its addresses expire.
        if (!HubHttp.AreOneSite(address, settings.Endpoint))
            return new($"{place} answered {status} {answer.ReasonPhrase}")
            {
                IsExpired = status is 400 or 401 or 403 or 404 or 410,
                Cause = HubCause.Server,
            };
        return new(info.Repository is { } repository
            ? Remedy(status, code, settings, repository, info, message)
            : $"the server answered {status} {answer.ReasonPhrase}; look at the address", isFinal: true);
    }

    static string Remedy(
        int status, string? code, HubSettings settings, HubRepository repository, HubRequestInfo info, string message)
    {
        var (id, page) = (repository.Id, settings.PageOf(repository));
        var variable = settings.Source == HubSource.HuggingFace ? "HF_TOKEN" : "MODELSCOPE_API_TOKEN";
        var noToken = settings.Token is null;
        if (code == "GatedRepo" || message.Contains("gated", StringComparison.OrdinalIgnoreCase))
        {
            return $"{id} is gated: accept its licence at {page} and " + (noToken
                ? $"set {variable} to a token of that account (there is none)"
                : $"use a token of that account: the one from {settings.Token!.Origin} is of another, or may not read gated repositories");
        }
        var namesRevision = status == 404 && code is null && info.File is null
            && message.Contains("revision", StringComparison.OrdinalIgnoreCase);
        if (code == "RevisionNotFound" || namesRevision)
            return $"{id} has no revision {info.Revision}; look at the branches and tags of {page}, and at model_revision";
        if (code == "EntryNotFound" || (status == 404 && info.File is not null && code is null))
            return $"{id} has no file {info.File} at revision {info.Revision}; look at {page}";
        if (code == "RepoNotFound" || status == 404)
        {
            var kind = repository.Kind == RepositoryKind.Model ? "model" : "data set";
            return $"there is no {kind} {id} at {settings.Endpoint.AbsoluteUri.TrimEnd('/')}, or it is private: look at the name" + (noToken
                ? $"; for a private one set {variable} to a token that may read it (there is none)"
                : $", and at whether the token from {settings.Token!.Origin} may read it");
        }
        if (status == 401 && noToken) return $"{id} is not open to everyone; set {variable} to a token that may read it";
        if (status == 401) return $"the token from {settings.Token!.Origin} is not accepted; set {variable} to a valid one";
        var refusal = $"{id}: {page} answered {status}{(message.Length > 0 ? $": {message}" : "")}";
        if (status == 451 || message.Contains("disabled", StringComparison.OrdinalIgnoreCase))
            return $"{refusal}; the hub has closed it to everyone: look at its page";
        if (status != 403) return refusal;
        return $"{refusal}; " +
            (noToken ? $"if it needs an account, set {variable}" : $"look at what the token from {settings.Token!.Origin} may do");
    }

    /// <summary>Returns an error's words: those of a header, or of a JSON body {"error"} or {"Message"}.</summary>
    public static async Task<string> Text(HttpResponseMessage answer, HttpMethod method, CancellationToken stop)
    {
        if (Header(answer, "X-Error-Message") is { } header) return header;
        if (method == HttpMethod.Head) return "";
        try
        {
            var body = await answer.Content.ReadAsStringAsync(stop);
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return "";
            foreach (var name in (string[])["error", "Message"])
                if (json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                    return value.GetString()!;
            return "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or HttpRequestException or IOException
            or OperationCanceledException)
        {
            return ""; // the status says enough
        }
    }

    public static string? Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
