using System.Buffers;
using System.Net;
using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Is a file on a hub.</summary>
/// <param name="Digest">Null when the hub names none that is known; then only the size is checked.</param>
/// <param name="Address">The address at the hub.</param>
/// <param name="Location">The place of its bytes, which may be another host and may expire; null: <paramref name="Address"/>.</param>
sealed record RemoteFile(string Path, string ETag, long Size, FileDigest? Digest, Uri Address, Uri? Location = null);

/// <summary>Fetches a file in parts over several connections, and goes on where an interrupted fetch stopped, within a part too.</summary>
/// <remarks>The first answer tells whether the server knows ranges; one that does not is read from its beginning over one
/// connection.</remarks>
/// <param name="locate">Finds a new <see cref="RemoteFile.Location"/> when the old one has expired; null when there is no other.</param>
sealed class RangedDownload(
    HubHttp http, RemoteFile file, HubRequestInfo info, HubSettings settings, DownloadMeter meter,
    Func<CancellationToken, Task<Uri?>>? locate = null)
{
    const int BufferBytes = 1 << 18, MostContents = 3;

    readonly TaskCompletionSource<bool> _knowsRanges = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly SemaphoreSlim _locating = new(1);
    Uri _location = file.Location ?? file.Address;
    int _next;

    /// <param name="tell">Is told when what came was wrong.</param>
    /// <exception cref="HubFailure">The file cannot be fetched.</exception>
    public async Task Run(string target, Action<string> tell, CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        // Without a digest nothing would tell that what is here of it is the beginning of another file.
        using var partial = PartialFile.Open(target, file.Size, settings.PartBytes, goesOn: file.Digest is not null);
        var before = "";
        for (var contents = 1; ; contents++)
        {
            await Fetch(partial, stop);
            RefusePointer(partial);
            if (file.Digest is not { } wanted) break;
            var found = await Task.Run(() => partial.Digest(wanted.Kind, stop), stop);
            if (found == wanted.Hex) break;
            meter.Lose(partial.Done);
            partial.Forget();
            if (contents == MostContents)
                throw new HubFailure($"{file.Path}: {HubHttp.Place(_location)} sent wrong bytes {MostContents} times: {wanted} is right, " +
                    $"{found} came; nothing of it is kept: try another mirror, or later", isFinal: true);
            // A damaged transfer is damaged in another way each time.
            if (found == before)
                throw new HubFailure($"{file.Path}: {HubHttp.Place(_location)} sent the same wrong bytes twice: {wanted} is right, " +
                    $"{found} came; nothing of it is kept: " +
                    "another file is there, or what it must come to was not copied right", isFinal: true);
            before = found;
            tell($"{file.Path}: wrong bytes ({found} instead of {wanted.Hex}); fetching it again");
        }
        partial.Complete();
    }

    async Task Fetch(PartialFile partial, CancellationToken stop)
    {
        _next = 0;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var missing = Enumerable.Range(0, partial.Parts).Count(part => partial.Missing(part) is not null);
        var workers = Math.Min(missing, settings.Connections);
        var tasks = Enumerable.Range(0, workers).Select(number => Work(partial, number == 0, end)).ToList();
        await Task.WhenAll(tasks);
    }

    async Task Work(PartialFile partial, bool isFirst, CancellationTokenSource end)
    {
        try
        {
            if (!isFirst && !await _knowsRanges.Task.WaitAsync(end.Token)) return;
            while (Interlocked.Increment(ref _next) - 1 is var part && part < partial.Parts)
                while (partial.Missing(part) is not null)
                    await http.Retries.ExecuteAsync(token => Attempt(partial, part, isFirst, token), end.Token);
        }
        catch
        {
            // One worker that cannot go on ends them all.
            await end.CancelAsync();
            throw;
        }
    }

    /// <summary>Fetches some more of a part. An attempt that gets something has not failed, so a bad line gets there, too.</summary>
    async ValueTask Attempt(PartialFile partial, int part, bool isFirst, CancellationToken stop)
    {
        if (partial.Missing(part) is not var (from, to)) return;
        var (before, location) = (partial.Missing(part), _location);
        try
        {
            // A whole file in one piece needs no range, and every server can give it.
            var isWhole = from == 0 && to == file.Size;
            using var answer = await http.Send(HttpMethod.Get, location, isWhole ? null : (from, to), leavesHub: true, info, stop);
            await CheckLength(answer, stop);
            if (answer.StatusCode == HttpStatusCode.PartialContent) Check(answer, from, to);
            else if (!isWhole && !isFirst) throw new HubFailure($"{HubHttp.Place(location)} does not answer with the range asked for");
            var isRange = answer.StatusCode == HttpStatusCode.PartialContent;
            CheckETag(answer);
            if (isFirst) _knowsRanges.TrySetResult(isRange);
            await Copy(answer, partial, isRange ? from : 0, isRange ? to : file.Size, stop);
        }
        catch (HubFailure e) when (!e.IsFinal && partial.Begins(InputFile.LfsPointer))
        {
            RefusePointer(partial);
        }
        catch (HubFailure e) when (e.IsExpired && locate is not null)
        {
            await Renew(location, stop);
            throw;
        }
        catch (HubFailure e) when (!e.IsFinal && partial.Missing(part) != before)
        {
            // The connection was cut after something came.
        }
    }

    async Task Copy(HttpResponseMessage answer, PartialFile partial, long from, long to, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        using var limit = http.Limit(stop);
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(limit.Token);
            while (from < to)
            {
                var read = await Read(stream, buffer.AsMemory(0, (int)Math.Min(BufferBytes, to - from)), limit, stop);
                meter.Add(partial.Write(from, buffer.AsSpan(0, read)));
                from += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    async ValueTask<int> Read(Stream stream, Memory<byte> buffer, CancellationTokenSource limit, CancellationToken stop)
    {
        try
        {
            http.Extend(limit);
            var read = await stream.ReadAsync(buffer, limit.Token);
            return read > 0 ? read : throw new HubFailure($"{HubHttp.Place(_location)} ended before its end");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw http.Silence(_location);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubFailure($"the connection to {_location.GetLeftPart(UriPartial.Authority)} was cut: {e.Message}", inner: e);
        }
    }

    /// <summary>Refuses an answer that names another length of the whole file.</summary>
    async Task CheckLength(HttpResponseMessage answer, CancellationToken stop)
    {
        var headers = answer.Content.Headers;
        var isPart = answer.StatusCode == HttpStatusCode.PartialContent;
        if ((isPart ? headers.ContentRange?.Length : headers.ContentLength) is { } found && found != file.Size)
            throw await http.WrongLength(_location, (found, file.Size), info, stop);
    }

    void RefusePointer(PartialFile partial)
    {
        if (file.Size > LfsPointer.MostBytes && partial.IsComplete || !partial.Begins(InputFile.LfsPointer)) return;
        meter.Lose(partial.Done);
        partial.Forget();
        throw LfsPointer.Refusal(file.Path, HubHttp.Place(_location));
    }

    void Check(HttpResponseMessage answer, long from, long to)
    {
        var range = answer.Content.Headers.ContentRange;
        if (range?.From != from || range.To >= to)
            throw new HubFailure($"{HubHttp.Place(_location)} was asked for the bytes {from}-{to - 1} of {file.Size} " +
                $"and sends {range?.ToString() ?? "none it names"}");
    }

    /// <summary>Compares the hub's ETag with the file's; other hosts have ETags of their own.</summary>
    void CheckETag(HttpResponseMessage answer)
    {
        if (answer.Headers.ETag is not { IsWeak: false } tag || !http.IsHub(_location)) return;
        if (FileDigest.OfETag(tag.Tag.Trim('"')) is { } found && found.Hex != file.ETag && found.Kind == file.Digest?.Kind)
            throw new HubFailure($"{file.Path} changed while it was fetched: its ETag was {file.ETag} and is {found.Hex}; " +
                "run the same command again", isFinal: true);
    }

    async Task Renew(Uri old, CancellationToken stop)
    {
        await _locating.WaitAsync(stop);
        try
        {
            if (_location == old && await locate!(stop) is { } location) _location = location;
        }
        finally
        {
            _locating.Release();
        }
    }
}
