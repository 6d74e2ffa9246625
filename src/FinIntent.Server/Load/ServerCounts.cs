namespace FinIntent.Server.Load;

/// <summary>Reads from a server's own metrics how many requests of the measured route it answered, by status.</summary>
static class ServerCounts
{
    const string Metric = "finintent_requests_total{";

    /// <returns>Null where the server shows no metrics.</returns>
    public static async Task<IReadOnlyDictionary<int, long>?> Read(HttpClient http, LoadTarget target)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(target.Url, "/metrics"));
        if (target.Key is { } key) request.Headers.Authorization = new("Bearer", key);
        try
        {
            using var answer = await http.SendAsync(request);
            if (!answer.IsSuccessStatusCode) return null;
            return Parse(await answer.Content.ReadAsStringAsync());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    internal static SortedDictionary<int, long> Parse(string metrics)
    {
        SortedDictionary<int, long> counts = [];
        foreach (var line in metrics.Split('\n').Where(line => line.StartsWith(Metric, StringComparison.Ordinal)))
        {
            if (LabelOf(line, "route") is not { } route || !route.EndsWith(LoadRequests.Route, StringComparison.Ordinal)) continue;
            if (!int.TryParse(LabelOf(line, "code"), NumberStyles.None, CultureInfo.InvariantCulture, out var code)) continue;
            var value = double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
            counts[code] = counts.GetValueOrDefault(code) + (long)value;
        }
        return counts;
    }

    /// <summary>Returns what the later counts have more than the earlier ones.</summary>
    public static SortedDictionary<int, long>? Between(IReadOnlyDictionary<int, long>? before, IReadOnlyDictionary<int, long>? after) =>
        before is null || after is null ? null : new(after.Select(pair => KeyValuePair.Create(pair.Key,
            pair.Value - before.GetValueOrDefault(pair.Key))).Where(pair => pair.Value != 0).ToDictionary());

    static string? LabelOf(string line, string name)
    {
        var start = line.IndexOf($"{name}=\"", StringComparison.Ordinal);
        if (start < 0) return null;
        start += name.Length + 2;
        return line[start..line.IndexOf('"', start)];
    }
}
