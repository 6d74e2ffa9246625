namespace FinIntent.Server.Load;

/// <summary>Says where a load goes.</summary>
/// <param name="Key">The key that every request carries; null where the server asks for none.</param>
sealed record LoadTarget(Uri Url, string? Key)
{
    /// <summary>Reads a server's address; null stays null.</summary>
    /// <exception cref="UserErrorException">It is no address of a server.</exception>
    public static Uri? UrlOf(string? word)
    {
        if (word is null) return null;
        if (Uri.TryCreate(word, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https") && url.Query.Length == 0) return url;
        throw new UserErrorException($"--url is \"{word}\"; it must be a server's address, such as http://127.0.0.1:8080");
    }
}

/// <summary>Says what a load's requests ask beside their text.</summary>
/// <param name="Adapters">The number of adapters a1, a2 … that are asked in turn; 0 asks the model as it is loaded.</param>
/// <param name="DeadlineMs">The deadline that each request carries; null means none.</param>
sealed record LoadQuestion(int Adapters, int? DeadlineMs);

/// <summary>Holds requests ready to be sent, so that making them costs no time while the server is measured.</summary>
/// <remarks>A request's id has a fixed width and is written into a copy of its bytes; the answer must repeat it.</remarks>
sealed class LoadRequests
{
    public const int IdDigits = 12;
    public const string Route = "/v1/intent/classify";
    const int MostTexts = 4096;

    readonly byte[][] _requests;
    readonly int[] _idsAt;

    public LoadRequests(LoadTexts texts, LoadTarget target, LoadQuestion question)
    {
        var adapters = Math.Max(1, question.Adapters);
        // A multiple of the adapters' number, so that each is asked as often as the others.
        var count = (MostTexts + adapters - 1) / adapters * adapters;
        (_requests, _idsAt) = (new byte[count][], new int[count]);
        for (var i = 0; i < count; i++) (_requests[i], _idsAt[i]) = Request(texts[i], i, target, question);
    }

    public int LongestBytes => _requests.Max(request => request.Length);

    /// <summary>Writes the request of an index, which is also its id, and returns its length in bytes.</summary>
    public int Write(long index, Span<byte> to)
    {
        var at = (int)(index % _requests.Length);
        _requests[at].CopyTo(to);
        WriteId(index, to.Slice(_idsAt[at], IdDigits));
        return _requests[at].Length;
    }

    public static void WriteId(long index, Span<byte> to)
    {
        for (var i = IdDigits - 1; i >= 0; i--, index /= 10) to[i] = (byte)('0' + index % 10);
    }

    static (byte[] Bytes, int IdAt) Request(string text, int index, LoadTarget target, LoadQuestion question)
    {
        const string Before = "{\"id\":\"";
        var rest = new JsonObject { ["input"] = text };
        if (question.Adapters > 0) rest["adapter"] = $"a{1 + index % question.Adapters}";
        if (question.DeadlineMs is { } deadline) rest["deadline_ms"] = deadline;
        var body = $"{Before}{new string('0', IdDigits)}\",{rest.ToJsonString()[1..]}";
        var head = new StringBuilder($"POST {target.Url.AbsolutePath.TrimEnd('/')}{Route} HTTP/1.1\r\nHost: {target.Url.Authority}\r\n");
        if (target.Key is { } key) head.Append(CultureInfo.InvariantCulture, $"Authorization: Bearer {key}\r\n");
        head.Append(CultureInfo.InvariantCulture,
            $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n");
        return (Encoding.UTF8.GetBytes(head.ToString() + body), Encoding.UTF8.GetByteCount(head.ToString()) + Before.Length);
    }
}
