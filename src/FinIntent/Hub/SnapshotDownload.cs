namespace FinIntent.Hub;

/// <summary>Brings the files of a repository that are needed into a folder of this machine.</summary>
sealed class SnapshotDownload(HubSettings settings, HubContext context, HubRepository repository, FileChoice choice)
{
    /// <summary>Says that the choice is of less than a use of the repository needs, so that a branch keeps its earlier commit.</summary>
    public bool IsPart { get; init; }

    // It soon shows whether there is a way to the hub at all.
    const int ListAttempts = 3;

    /// <returns>The folder.</returns>
    /// <exception cref="UserErrorException">The files cannot be fetched; the message says what to do.</exception>
    public async Task<string> Run(CancellationToken stop)
    {
        using var site = HubSite.Of(settings, context);
        var commit = site.CachedCommit(repository);
        var (cached, kept) = commit is null ? (null, null) : (site.FolderOf(repository, commit), site.Kept(repository, commit));
        var problem = cached is null ? null : Problem(cached, kept);
        var isWhole = cached is not null && problem is null;
        if (settings.OfflineReason(repository) is { } variable) return Offline(cached, kept, problem, variable);
        // On Hugging Face a commit never changes, so what is here of it is right, and its list tells whether that is all of it.
        var isFixed = settings.Source == HubSource.HuggingFace && HubRepository.IsCommit(repository.Revision ?? "");
        if (isFixed && kept is not null && isWhole) return cached!;
        HubListing listing;
        try
        {
            var attempts = isWhole ? 1 : Math.Min(ListAttempts, settings.Attempts);
            listing = await site.WithRetries(token => site.List(repository, token), stop, attempts);
        }
        catch (HubFailure e) when (!e.IsFinal && isWhole)
        {
            var here = $"{Path.GetFileName(cached)} in {settings.Cache}{Doubt(kept)}";
            context.Tell($"{repository.Id}: {e.Message}; using what is here of it, {here}");
            return cached!;
        }
        catch (HubFailure e) when (!e.IsFinal)
        {
            throw e.ToUserError($"{repository.Id}: {(cached is null ? $"it is not in {settings.Cache}" : problem)}, and", Remedy(e));
        }
        catch (HubFailure e)
        {
            throw new UserErrorException(e.Message, e);
        }
        return await Fetch(site, listing, stop);
    }

    /// <summary>Says what to do where not even the list of files came.</summary>
    string Remedy(HubFailure e)
    {
        if (e.RetryAfter > settings.LongestWait) return "";
        var mirror = settings.Source == HubSource.HuggingFace ? "HF_ENDPOINT" : "MODELSCOPE_DOMAIN";
        return e.Cause switch
        {
            HubCause.Limit => "; run the same command again later",
            HubCause.Server => $"; run the same command again later, or name a mirror with {mirror}",
            _ => $"; look at the network, or name a mirror with {mirror}",
        };
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

        var missing = absent.Where(file => !site.HasBytes(listing, file.Remote))
            .DistinctBy(file => site.TargetOf(listing, file.Remote)).ToList();
        var here = missing.Where(file => file.Remote.Digest is not null)
            .Sum(file => PartialFile.DoneOf(site.TargetOf(listing, file.Remote), file.Remote.Size));
        var bytes = missing.Sum(file => file.Remote.Size);
        CheckSpace(bytes - here);
        meter.Expect(missing.Count, bytes, here);
        // Small files are fetched side by side, a large one over all connections.
        var (small, large) = (absent.Where(file => !IsLarge(file.Remote)), absent.Where(file => IsLarge(file.Remote)));
        await Each(small, (file, token) => Get(site, listing, file, meter, token), stop);
        foreach (var file in large.OrderBy(file => file.Remote.Path, StringComparer.Ordinal)) await Get(site, listing, file, meter, stop);
        bool IsLarge(RemoteFile file) => file.Size > settings.PartBytes;
    }

    async Task Get(
        HubSite site, HubListing listing, (ListedFile Listed, RemoteFile Remote) file, DownloadMeter meter, CancellationToken stop)
    {
        using var held = site.LockOf(listing, file.Remote) is { } path ? await HubLock.Take(path, context.Tell, context.Time, stop) : null;
        // Another process may have brought the file while this one waited.
        if (site.IsPlaced(listing, file.Listed)) return;
        var isNew = !site.HasBytes(listing, file.Remote);
        if (isNew)
        {
            var target = site.TargetOf(listing, file.Remote);
            await site.Download(listing, file.Listed, file.Remote, meter).Run(target, context.Tell, stop);
        }
        site.Place(listing, file.Remote, isNew);
        if (isNew) meter.FileDone();
    }

    async Task Each<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken stop)
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = settings.Connections, CancellationToken = stop };
            await Parallel.ForEachAsync(items, options, async (item, token) => await work(item, token));
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
            var variable = settings.Source == HubSource.HuggingFace ? "HF_HUB_CACHE" : "MODELSCOPE_CACHE";
            throw new UserErrorException($"{repository.Id}: {Size(needed)} are to be fetched, " +
                $"and {settings.Cache} has {Size(free)} free; make room, or set {variable} to a folder on another disk");
        }
    }

    string Offline(string? cached, HubListing? kept, string? problem, string variable)
    {
        var part = repository.Revision is null ? "it" : $"its revision {repository.Revision}";
        if (cached is null) problem = $"there is nothing of {part} in {settings.Cache}";
        if (problem is not null)
            throw new UserErrorException($"{repository.Id}: {variable} forbids the network, and {problem}; " +
                $"unset {variable} to fetch it, or name a folder of this machine");
        if (kept is null) context.Tell($"{repository.Id}: {variable} forbids the network; using what is here of it{Doubt(kept)}");
        return cached!;
    }

    /// <summary>Returns what to say where nothing is known to lack.</summary>
    static string Doubt(HubListing? kept) =>
        kept is null ? "; the list of its files is not here, so nothing tells whether that is all of it" : "";

    /// <summary>Returns what a folder lacks; null when it lacks nothing that is needed, as far as can be told.</summary>
    /// <param name="kept">The files that there should be; null when that is not known, and the folder itself is asked.</param>
    string? Problem(string folder, HubListing? kept)
    {
        try
        {
            var listing = kept ?? HubListing.OfFolder(repository, Path.GetFileName(folder), folder);
            var wanted = choice(listing, folder);
            var files = listing.Files.DistinctBy(file => file.Path).ToDictionary(file => file.Path);
            if (wanted.Count == 0) return $"{folder} has no files";
            return wanted.FirstOrDefault(path => !HubListing.IsThere(folder, files[path])) is { } missing
                ? $"what is in {settings.Cache} is not complete ({missing} is missing)" : null;
        }
        catch (UserErrorException e)
        {
            return $"what is in {settings.Cache} is not complete ({e.Message})";
        }
    }

    internal static string Size(long bytes) => bytes < 1_000_000 ? FormattableString.Invariant($"{bytes:n0} bytes")
        : bytes < 1_000_000_000 ? FormattableString.Invariant($"{bytes / 1e6:f1} MB")
        : FormattableString.Invariant($"{bytes / 1e9:f2} GB");
}
