namespace FinIntent.Hub;

/// <summary>Is a file at an address of the web whose bytes' digest is known.</summary>
sealed record WebFile(Uri Address, FileDigest Digest, long? Size = null)
{
    /// <summary>Fetches the file, going on with what is there of it.</summary>
    /// <exception cref="UserErrorException">It cannot be fetched, or another file is there.</exception>
    public void Fetch(string target, HubSettings settings, HubContext context, CancellationToken stop = default) =>
        Task.Run(() => Run(target, settings with { Endpoint = Address, Token = null }, context, stop), stop).GetAwaiter().GetResult();

    async Task Run(string target, HubSettings settings, HubContext context, CancellationToken stop)
    {
        var name = Path.GetFileName(target);
        var info = new HubRequestInfo(null, "", name);
        try
        {
            using var http = new HubHttp(settings, context);
            var size = await http.Retries.ExecuteAsync(async token => await SizeOf(http, info, token), stop);
            if (Size is { } right && right != size)
                throw new UserErrorException(
                    $"{HubHttp.Place(Address)}: the file has {size:N0} bytes, and {right:N0} are right; it is another file");
            var meter = new DownloadMeter(name, context.Progress, context.Time);
            meter.Expect(1, size, PartialFile.DoneOf(target, size));
            var file = new RemoteFile(name, Digest.Hex, size, Digest, Address);
            await new RangedDownload(http, file, info, settings, meter).Run(target, context.Tell, stop);
            meter.FileDone();
        }
        catch (HubFailure e)
        {
            throw new UserErrorException($"{HubHttp.Place(Address)}: {e.Message}", e);
        }
    }

    /// <summary>Asks for the first byte to learn the length, since signed addresses often allow no HEAD.</summary>
    async ValueTask<long> SizeOf(HubHttp http, HubRequestInfo info, CancellationToken stop)
    {
        using var answer = await http.Send(HttpMethod.Get, Address, (0, 1), leavesHub: true, info, stop);
        return answer.Content.Headers.ContentRange?.Length ?? answer.Content.Headers.ContentLength
            ?? throw new HubFailure("the server does not say how long the file is", isFinal: true);
    }
}
