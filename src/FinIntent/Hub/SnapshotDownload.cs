namespace FinIntent.Hub;

/// <summary>The files of a repository that are needed, brought into a folder of this machine.</summary>
sealed class SnapshotDownload(HubSettings settings, HubContext context, HubRepository repository, FileChoice choice)
{
    /// <summary>The choice is of less than what a use of the repository needs, so that a branch keeps the commit that it meant before.</summary>
    public bool IsPart { get; init; }

    // Whether there is a way to the hub at all is soon known.
    const int ListAttempts = 3;

    /// <returns>The folder.</returns>
    /// <exception cref="UserErrorException">They are not to be had; the message says what to do.</exception>
    public async Task<string> Run(CancellationToken stop)
    {
        using var site = HubSite.Of(settings, context);
        var (cached, kept) = site.CachedCommit(repository) is { } commit ? (site.FolderOf(repository, commit), site.Kept(repository, commit)) : (null, null);
        var problem = cached is null ? null : Problem(cached, kept);
        if (settings.OfflineReason(repository) is { } variable) return Offline(cached, kept, problem, variable);
        // On Hugging Face a commit never changes, so what is here of it is right, and its list tells whether that is all of it.
        if (settings.Source == HubSource.HuggingFace && HubRepository.IsCommit(repository.Revision ?? "") && kept is not null && problem is null) return cached!;
        HubListing listing;
        try
        {
            listing = await site.WithRetries(token => site.List(repository, token), stop, cached is not null && problem is null ? 1 : Math.Min(ListAttempts, settings.Attempts));
        }
        catch (HubFailure e) when (!e.IsFinal && cached is not null && problem is null)
        {
            context.Tell($"{repository.Id}: {e.Message}; using what is here of it, {Path.GetFileName(cached)} in {settings.Cache}{Doubt(kept)}");
            return cached;
        }
        catch (HubFailure e) when (!e.IsFinal)
        {
            throw e.ToUserError($"{repository.Id}: {(cached is null ? $"it is not in {settings.Cache}" : problem)}, and",
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
        var byPath = listing.Files.DistinctBy(file => file.Path).ToDictionary(file => file.Path);
        var meter = new DownloadMeter(repository.Id, context.Progress, context.Time);
        HashSet<string> done = [];
        site.Begin(listing);
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
        site.Finish(listing, IsPart);
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
        using var whole = site.LockOf(listing) is { } path ? await HubLock.Take(path, context.Tell, context.Time, stop) : null;

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
        using var held = site.LockOf(listing, file.Remote) is { } path ? await HubLock.Take(path, context.Tell, context.Time, stop) : null;
        // Another process may have brought it while this one waited.
        if (site.IsPlaced(listing, file.Listed)) return;
        var isNew = !site.HasBytes(listing, file.Remote);
        if (isNew) await site.Download(listing, file.Listed, file.Remote, meter).Run(site.TargetOf(listing, file.Remote), context.Tell, stop);
        site.Place(listing, file.Remote, isNew);
        if (isNew) meter.FileDone();
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

    string Offline(string? cached, HubListing? kept, string? problem, string variable)
    {
        if (cached is null) problem = $"there is nothing of {(repository.Revision is null ? "it" : $"its revision {repository.Revision}")} in {settings.Cache}";
        if (problem is not null) throw new UserErrorException($"{repository.Id}: {variable} forbids the network, and {problem}; unset {variable} to fetch it, or name a folder of this machine");
        if (kept is null) context.Tell($"{repository.Id}: {variable} forbids the network; using what is here of it{Doubt(kept)}");
        return cached!;
    }

    /// <summary>Said where nothing is known to lack.</summary>
    static string Doubt(HubListing? kept) => kept is null ? "; the list of its files is not here, so nothing tells whether that is all of it" : "";

    /// <summary>What a folder lacks; null: nothing that is needed, as far as can be told.</summary>
    /// <param name="kept">What there should be; null: not known, and the folder itself is asked.</param>
    string? Problem(string folder, HubListing? kept)
    {
        try
        {
            var listing = kept ?? HubListing.OfFolder(repository, Path.GetFileName(folder), folder);
            var wanted = choice(listing, folder);
            var files = listing.Files.DistinctBy(file => file.Path).ToDictionary(file => file.Path);
            return wanted.Count == 0 ? $"{folder} has no files"
                : wanted.FirstOrDefault(path => !HubListing.IsThere(folder, files[path])) is { } missing ? $"what is in {settings.Cache} is not complete ({missing} is missing)"
                : null;
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
