namespace FinIntent.Hub;

/// <summary>The files of a repository that are needed, brought into a folder of this machine.</summary>
sealed class SnapshotDownload(HubSettings settings, HubContext context, HubRepository repository, FileChoice choice)
{
    // Whether there is a way to the hub at all is soon known.
    const int ListAttempts = 3;

    /// <returns>The folder.</returns>
    /// <exception cref="UserErrorException">They are not to be had; the message says what to do.</exception>
    public async Task<string> Run(CancellationToken stop)
    {
        using var site = HubSite.Of(settings, context);
        var cached = site.CachedCommit(repository) is { } commit ? site.FolderOf(repository, commit) : null;
        if (settings.OfflineReason(repository) is { } variable) return Offline(cached, variable);
        // A commit never changes, so what is here of it is right.
        if (HubRepository.IsCommit(repository.Revision ?? "") && cached is not null && Problem(cached) is null) return cached;
        HubListing listing;
        try
        {
            listing = await site.WithRetries(token => site.List(repository, token), stop, cached is not null && Problem(cached) is null ? 1 : Math.Min(ListAttempts, settings.Attempts));
        }
        catch (HubFailure e) when (!e.IsFinal && cached is not null && Problem(cached) is null)
        {
            context.Tell($"{repository.Id}: {e.Message}; using what is here of it, {Path.GetFileName(cached)} in {settings.Cache}");
            return cached;
        }
        catch (HubFailure e) when (!e.IsFinal)
        {
            throw e.ToUserError($"{repository.Id}: {(cached is null ? $"it is not in {settings.Cache}" : Problem(cached))}, and",
                e.RetryAfter is null ? $"; look at the network, or name a mirror with {(settings.Source == HubSource.HuggingFace ? "HF_ENDPOINT" : "MODELSCOPE_DOMAIN")}" : "");
        }
        catch (HubFailure e)
        {
            throw new UserErrorException(e.Message, e);
        }
        return await Fetch(site, listing, stop);
    }

    async Task<string> Fetch(HubSite site, HubListing listing, CancellationToken stop)
    {
        var folder = site.FolderOf(repository, listing.Commit);
        var byPath = listing.Files.ToDictionary(file => file.Path);
        var meter = new DownloadMeter(repository.Id, context.Progress, context.Time);
        HashSet<string> done = [];
        try
        {
            while (choice(listing, folder).Where(path => !done.Contains(path)).Distinct().ToList() is { Count: > 0 } wanted)
            {
                await Fetch(site, listing, [.. wanted.Select(path => byPath[path])], meter, stop);
                done.UnionWith(wanted);
            }
        }
        catch (HubFailure e)
        {
            throw new UserErrorException($"{e.Message}{(e.IsFinal ? "" : "; run the same command again: what has come is kept")}", e);
        }
        site.Finish(listing);
        return folder;
    }

    async Task Fetch(HubSite site, HubListing listing, IReadOnlyList<ListedFile> files, DownloadMeter meter, CancellationToken stop)
    {
        List<(ListedFile Listed, RemoteFile Remote)> absent = [];
        await Each(files.Where(file => !site.IsPlaced(listing, file)), async (file, token) =>
        {
            var remote = await site.WithRetries(inner => site.Locate(listing, file, inner), token);
            lock (absent) absent.Add((file, remote));
        }, stop);
        if (absent.Count == 0) return;

        var missing = absent.Where(file => !site.HasBytes(listing, file.Remote)).DistinctBy(file => site.TargetOf(listing, file.Remote)).ToList();
        var here = missing.Sum(file => PartialFile.DoneOf(site.TargetOf(listing, file.Remote), file.Remote.Size));
        var bytes = missing.Sum(file => file.Remote.Size);
        CheckSpace(bytes - here);
        meter.Expect(missing.Count, bytes, here);
        // Small files side by side, a large one over all connections.
        await Each(absent.Where(file => file.Remote.Size <= settings.PartBytes), (file, token) => Get(site, listing, file, meter, token), stop);
        foreach (var file in absent.Where(file => file.Remote.Size > settings.PartBytes).OrderBy(file => file.Remote.Path, StringComparer.Ordinal))
            await Get(site, listing, file, meter, stop);
    }

    async Task Get(HubSite site, HubListing listing, (ListedFile Listed, RemoteFile Remote) file, DownloadMeter meter, CancellationToken stop)
    {
        using (await HubLock.Take(site.LockOf(listing, file.Remote), context.Tell, context.Time, stop))
        {
            // Another process may have brought it while this one waited.
            if (site.IsPlaced(listing, file.Listed)) return;
            var isNew = !site.HasBytes(listing, file.Remote);
            if (isNew) await site.Download(listing, file.Listed, file.Remote, meter).Run(site.TargetOf(listing, file.Remote), context.Tell, stop);
            site.Place(listing, file.Remote, isNew);
            if (isNew) meter.FileDone();
        }
    }

    async Task Each<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken stop)
    {
        try
        {
            await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = settings.Connections, CancellationToken = stop }, async (item, token) => await work(item, token));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<HubFailure>().FirstOrDefault() is { } failure)
        {
            throw failure;
        }
    }

    void CheckSpace(long needed)
    {
        Directory.CreateDirectory(settings.Cache);
        var free = context.FreeBytes(settings.Cache);
        if (needed > free)
        {
            throw new UserErrorException($"{repository.Id}: {Size(needed)} are to be fetched, and {settings.Cache} has {Size(free)} free; make room, or set " +
                $"{(settings.Source == HubSource.HuggingFace ? "HF_HUB_CACHE" : "MODELSCOPE_CACHE")} to a folder on another disk");
        }
    }

    string Offline(string? cached, string variable)
    {
        var problem = cached is null ? $"there is nothing of {(repository.Revision is null ? "it" : $"its revision {repository.Revision}")} in {settings.Cache}" : Problem(cached);
        return problem is null ? cached! : throw new UserErrorException(
            $"{repository.Id}: {variable} forbids the network, and {problem}; unset {variable} to fetch it, or name a folder of this machine");
    }

    /// <summary>What a folder lacks; null: nothing that is needed.</summary>
    string? Problem(string folder)
    {
        try
        {
            return choice(HubListing.OfFolder(repository, Path.GetFileName(folder), folder), folder).Count == 0 ? $"{folder} has no files" : null;
        }
        catch (UserErrorException e)
        {
            return $"what is in {settings.Cache} is not complete ({e.Message})";
        }
    }

    internal static string Size(long bytes) => bytes < 1_000_000 ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes:n0} bytes")
        : bytes < 1_000_000_000 ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e6:f1} MB")
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e9:f2} GB");
}
