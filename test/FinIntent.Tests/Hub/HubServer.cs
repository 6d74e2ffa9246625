using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FinIntent.Hub;
using FinIntent.Tests.ApiModels;

namespace FinIntent.Tests.Hub;

enum CdnFault
{
    ServerError,
    TooMany,
    Cut,
    CutInside,
    Silence,
    WrongBytes,
    NotSatisfiable,
    Expired,
    WrongRange,
}

/// <summary>A repository of the server.</summary>
sealed class ServedRepository(string commit)
{
    readonly ConditionalWeakTable<byte[], string> _etags = [];

    public string Commit { get; set; } = commit;

    public SortedDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Files from this size on are large ones, whose bytes are at the CDN.</summary>
    public int LargeFrom { get; set; } = 4096;

    public bool IsGated { get; set; }

    public bool IsPrivate { get; set; }

    public Dictionary<string, string> Tags { get; } = [];

    public bool IsLarge(string path) => Files[path].Length >= LargeFrom;

    public string ETag(string path) => _etags.GetValue(Files[path], content =>
        content.Length >= LargeFrom ? Convert.ToHexStringLower(SHA256.HashData(content)) : GitBlob(content));

    public static string GitBlob(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData((byte[])[.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
}

/// <summary>
/// A server on this machine that behaves as Hugging Face's does, and its CDN, a second one of another name and port. It counts the bytes it
/// sends of each
/// file, and fails in the ways both do.
/// </summary>
sealed class HubServer : IDisposable
{
    public const string Token = "hf_test5ecret0123456789";
    readonly HttpWire _hub, _cdn;
    readonly ConcurrentDictionary<string, byte[]> _blobs = [];
    int _signatures, _revoked;

    public HubServer() => (_hub, _cdn) = (new(ServeHub), new(ServeCdn));

    public sealed record Request(string Host, string Method, string Path, string? Range, string? Authorization, string? Cookie);

    /// <summary>By "models/owner/name" or "datasets/owner/name".</summary>
    public ConcurrentDictionary<string, ServedRepository> Repositories { get; } = [];

    public ConcurrentQueue<Request> Requests { get; } = [];

    /// <summary>Bytes of content that were sent, by path or, at the CDN, by hash.</summary>
    public ConcurrentDictionary<string, long> Served { get; } = [];

    public long ServedBytes => Served.Values.Sum();

    /// <summary>The fault for the n-th request at the CDN.</summary>
    public Func<int, CdnFault?> FaultOf { get; set; } = _ => null;

    /// <summary>What the hub sends in place of a small file's content.</summary>
    public Func<string, byte[]?> Tampered { get; set; } = _ => null;

    /// <summary>In place of an answer of the hub: status and headers, given method and path.</summary>
    public Func<string, string, (int Status, (string, string)[] Headers)?> Refusal { get; set; } = (_, _) => null;

    /// <summary>What a mirror has in place of a file, a large one too, with an ETag of its own.</summary>
    public Func<string, byte[]?> InPlaceOf { get; set; } = _ => null;

    /// <summary>A list of files in place of the right one.</summary>
    public string? ListText { get; set; }

    /// <summary>Answers of the hub have no Content-Length.</summary>
    public bool NamesNoLength { get; set; }

    /// <summary>ModelScope's list names no SHA-256.</summary>
    public bool ListsNoDigest { get; set; }

    public bool IgnoresRanges { get; set; }

    /// <summary>Sent at a time.</summary>
    public int BlockBytes { get; set; } = 8 << 10;

    /// <summary>Real time before each block of content.</summary>
    public TimeSpan Pause { get; set; }

    /// <summary>Told after each block how much was sent in all.</summary>
    public Action<long>? OnServed { get; set; }

    public string Url => _hub.Url;

    public IEnumerable<Request> FileRequests => Requests.Where(r => r.Method == "GET"
        && !r.Path.StartsWith("/api/models/", StringComparison.Ordinal) && !r.Path.StartsWith("/api/datasets/", StringComparison.Ordinal));

    string CdnUrl => _cdn.Url.Replace("127.0.0.1", "localhost");

    public ServedRepository Add(string name, char commit = 'a')
    {
        var repository = new ServedRepository(new string(commit, 40));
        return Repositories[name] = repository;
    }

    /// <summary>Addresses given so far are no longer taken.</summary>
    public void Revoke() => _revoked = _signatures;

    async Task ServeHub(WireRequest http)
    {
        Requests.Enqueue(new("hub", http.Method, http.Path, http.Header("Range"), http.Header("Authorization"), http.Header("Cookie")));
        var path = Uri.UnescapeDataString(http.Path);
        if (Refusal(http.Method, path) is { } refusal) await Refuse(http, refusal.Status, refusal.Headers);
        else if (path.StartsWith("/api/resolve-cache/", StringComparison.Ordinal)) await Resolve(http, path["/api/resolve-cache/".Length..],
            isSecond: true);
        else if (path.StartsWith("/api/v1/", StringComparison.Ordinal)) await ModelScopeApi.Serve(this, http, path["/api/v1/".Length..]);
        else if (path.StartsWith("/api/", StringComparison.Ordinal)) await List(http, path["/api/".Length..].Split("/revision/"));
        else await Resolve(http, path.StartsWith("/datasets/", StringComparison.Ordinal) ? path[1..] : "models" + path, isSecond: false);
    }

    static async Task Refuse(WireRequest http, int status, params (string, string)[] headers)
    {
        if (http.Method == "HEAD") await http.Begin(status, 0, headers);
        else await http.Answer(status, "{\"error\":\"refused\"}", headers);
    }

    async Task List(WireRequest http, string[] parts)
    {
        if (await Find(http, parts[0]) is not { } repository) return;
        var revision = parts[1];
        var commit = revision == "main" ? repository.Commit : repository.Tags.GetValueOrDefault(revision)
            ?? (revision == repository.Commit ? revision : null);
        if (commit is null)
        {
            await Refuse(http, 404, ("X-Error-Code", "RevisionNotFound"), ("X-Error-Message", $"Invalid rev id: {revision}"));
            return;
        }
        await http.Answer(200, ListText ?? new JsonObject
        {
            ["id"] = parts[0],
            ["sha"] = commit,
            ["siblings"] = new JsonArray([.. repository.Files.Select(file => (JsonNode)Sibling(repository, file.Key, file.Value))]),
        }.ToJsonString());
    }

    static JsonObject Sibling(ServedRepository repository, string path, byte[] content)
    {
        var json = new JsonObject { ["rfilename"] = path, ["size"] = content.Length, ["blobId"] = ServedRepository.GitBlob(content) };
        if (repository.IsLarge(path)) json["lfs"] = new JsonObject
        {
            ["sha256"] = repository.ETag(path),
            ["size"] = content.Length,
            ["pointerSize"] = 134
        };
        return json;
    }

    async Task<ServedRepository?> Find(WireRequest http, string name)
    {
        var hasToken = http.Header("Authorization") == "Bearer " + Token;
        if (http.Header("Authorization") is not null && !hasToken) await Refuse(http, 401,
            ("X-Error-Message", "Invalid credentials in Authorization header"));
        else if (!Repositories.TryGetValue(name, out var repository) || (repository.IsPrivate && !hasToken)) await Refuse(http, hasToken
            ? 404 : 401, ("X-Error-Code", "RepoNotFound"), ("X-Error-Message", "Repository not found"));
        else return repository;
        return null;
    }

    /// <summary>A large file is a redirect to the CDN; a small one, as the hub has it now, a redirect within the hub.</summary>
    async Task Resolve(WireRequest http, string path, bool isSecond)
    {
        var (name, rest) = (path.Split("/resolve/")[0], path.Split("/resolve/")[1]);
        var (commit, file) = (rest[..rest.IndexOf('/')], rest[(rest.IndexOf('/') + 1)..]);
        if (await Find(http, name) is not { } repository) return;
        if (repository.IsGated && http.Header("Authorization") is null)
        {
            await Refuse(http, 401, ("X-Error-Code", "GatedRepo"), ("X-Error-Message", "Access to model is restricted"));
            return;
        }
        if (!repository.Files.TryGetValue(file, out var content))
        {
            await Refuse(http, 404, ("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", commit));
            return;
        }
        var etag = repository.ETag(file);
        if (InPlaceOf(file) is { } other)
            await Content(http, file, other, ("ETag", $"\"{ServedRepository.GitBlob(other)}\""), ("X-Repo-Commit", commit));
        else if (repository.IsLarge(file))
        {
            _blobs[etag] = content;
            await http.Begin(302, 0, ("Location", $"{CdnUrl}/{etag}?X-Signature={Interlocked.Increment(ref _signatures)}"),
                ("X-Repo-Commit", commit), ("X-Linked-ETag", $"\"{etag}\""),
                ("X-Linked-Size", content.Length.ToString(CultureInfo.InvariantCulture)), ("ETag", "\"0123456789abcdef0123456789abcdef\""));
        }
        else if (!isSecond) await http.Begin(307, 0,
            ("Location", $"/api/resolve-cache/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}"),
            ("X-Repo-Commit", commit));
        else await Content(http, file, Tampered(file) ?? content, ("ETag", $"\"{etag}\""), ("X-Repo-Commit", commit));
    }

    async Task ServeCdn(WireRequest http)
    {
        Requests.Enqueue(new("cdn", http.Method, http.Path, http.Header("Range"), http.Header("Authorization"), http.Header("Cookie")));
        var number = Requests.Count(r => r.Host == "cdn");
        var signature = int.Parse(http.Query.Split('=')[1], CultureInfo.InvariantCulture);
        var hash = http.Path[1..];
        if (signature <= _revoked) await Refuse(http, 403);
        else if (FaultOf(number) is { } fault) await Fail(http, fault, hash);
        else await Content(http, hash, _blobs[hash], ("ETag", "\"of-the-cdn-2\""));
    }

    async Task Fail(WireRequest http, CdnFault fault, string hash)
    {
        switch (fault)
        {
            case CdnFault.ServerError: await Refuse(http, 503); break;
            case CdnFault.TooMany: await Refuse(http, 429, ("Retry-After", "1")); break;
            case CdnFault.Expired: await Refuse(http, 403); break;
            case CdnFault.NotSatisfiable: await Refuse(http, 416, ("Content-Range", $"bytes */{_blobs[hash].Length}")); break;
            case CdnFault.Cut: http.Cut(); break;
            case CdnFault.Silence: await http.WaitForHangUp(); break;
            case CdnFault.WrongBytes: await Content(http, hash, [.. _blobs[hash].Select(b => (byte)(b ^ 1))]); break;
            case CdnFault.CutInside:
                var (from, to) = RangeOf(http, _blobs[hash].Length);
                await http.Begin(206, to - from, ("Content-Range", $"bytes {from}-{to - 1}/{_blobs[hash].Length}"));
                await Send(http, hash, _blobs[hash].AsMemory(from, (to - from) / 2));
                http.Cut();
                break;
            case CdnFault.WrongRange: await http.Begin(206, 1, ("Content-Range", $"bytes 7-7/{_blobs[hash].Length}")); break;
        }
    }

    public async Task Content(WireRequest http, string name, byte[] content, params (string, string)[] headers)
    {
        if (http.Method == "HEAD")
        {
            await http.Begin(200, NamesNoLength ? -1 : content.Length, headers);
            if (NamesNoLength) http.End();
            return;
        }
        var (from, to) = RangeOf(http, content.Length);
        if (http.Header("Range") is null || IgnoresRanges)
        {
            await http.Begin(200, NamesNoLength ? -1 : content.Length, headers);
            await Send(http, name, content);
            if (NamesNoLength) http.End();
        }
        else if (from >= content.Length) await Refuse(http, 416, ("Content-Range", $"bytes */{content.Length}"));
        else
        {
            await http.Begin(206, to - from, [.. headers, ("Content-Range", $"bytes {from}-{to - 1}/{content.Length}")]);
            await Send(http, name, content.AsMemory(from, to - from));
        }
    }

    static (int From, int To) RangeOf(WireRequest http, int length)
    {
        if (http.Header("Range") is not { } range) return (0, length);
        var ends = range["bytes=".Length..].Split('-');
        return (int.Parse(ends[0], CultureInfo.InvariantCulture), Math.Min(length, int.Parse(ends[1], CultureInfo.InvariantCulture) + 1));
    }

    async Task Send(WireRequest http, string name, ReadOnlyMemory<byte> content)
    {
        for (var at = 0; at < content.Length; at += BlockBytes)
        {
            if (Pause > TimeSpan.Zero) await Task.Delay(Pause);
            var block = content.Slice(at, Math.Min(BlockBytes, content.Length - at));
            await http.Write(block);
            Served.AddOrUpdate(name, block.Length, (_, sum) => sum + block.Length);
            OnServed?.Invoke(ServedBytes);
        }
    }

    public void Dispose()
    {
        _hub.Dispose();
        _cdn.Dispose();
    }

    /// <summary>Where ModelScope's files are.</summary>
    public string CdnAddress(byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        _blobs[hash] = content;
        return $"{CdnUrl}/{hash}?X-Signature={Interlocked.Increment(ref _signatures)}";
    }
}
