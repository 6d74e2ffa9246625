namespace FinIntent.Hub;

/// <summary>Says where a hub is, where its files are kept, and how they are fetched.</summary>
sealed record HubSettings(HubSource Source, Uri Endpoint, string Cache)
{
    const string HuggingFace = "https://huggingface.co", ModelScope = "https://www.modelscope.cn";

    readonly Lazy<HubToken?> _token = new((HubToken?)null);

    public HubToken? Token { get => _token.Value; init => _token = new(value); }

    /// <summary>Finds the token when a request is made, so that a wrong one ends only what needs the hub.</summary>
    internal Func<HubToken?> TokenSource { init => _token = new(value); }

    /// <summary>The variable that forbids the network; null when none does.</summary>
    public string? OfflineBy { get; init; }

    /// <summary>The variable that forbids the network for data sets; null when none does.</summary>
    public string? DatasetsOfflineBy { get; init; }

    /// <summary>The number of connections that are open at once.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>The bytes that a connection asks for at a time.</summary>
    public int PartBytes { get; init; } = 32 << 20;

    /// <summary>The attempts of a request that brings nothing; one that brings something and is cut does not count.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>A server that sends nothing for this long has hung up.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A longer Retry-After ends the download.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    public string DefaultRevision => Source == HubSource.HuggingFace ? "main" : "master";

    /// <summary>Returns why the network may not be used for a repository; null when it may.</summary>
    public string? OfflineReason(HubRepository repository) =>
        OfflineBy ?? (repository.Kind == RepositoryKind.Dataset ? DatasetsOfflineBy : null);

    /// <summary>Returns the address of a repository's page.</summary>
    public string PageOf(HubRepository repository)
    {
        var kind = repository.Kind == RepositoryKind.Dataset ? "datasets/" : Source == HubSource.ModelScope ? "models/" : "";
        return $"{Endpoint.AbsoluteUri.TrimEnd('/')}/{kind}{repository.Id}";
    }

    /// <summary>Reads a hub's settings as huggingface_hub and modelscope read their environment.</summary>
    /// <param name="variable">Returns a variable's value; null means that it is not set.</param>
    /// <param name="home">The user's own folder.</param>
    /// <exception cref="UserErrorException">A variable holds no address.</exception>
    public static HubSettings Of(HubSource source, Func<string, string?> variable, string home)
    {
        var environment = new HubEnvironment(variable, home);
        string[] offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        var settings = source == HubSource.HuggingFace
            ? new HubSettings(source, environment.Address("HF_ENDPOINT", HuggingFace), environment.HuggingFaceCache())
            : new HubSettings(source, environment.Address("MODELSCOPE_DOMAIN", ModelScope), environment.ModelScopeCache());
        return settings with
        {
            TokenSource = source == HubSource.HuggingFace ? environment.HuggingFaceToken : environment.ModelScopeToken,
            OfflineBy = offline.FirstOrDefault(environment.IsOn),
            DatasetsOfflineBy = environment.IsOn("HF_DATASETS_OFFLINE") ? "HF_DATASETS_OFFLINE" : null,
        };
    }
}

/// <summary>Holds both hubs, and says which of them a name means.</summary>
sealed record HubChoice(HubSettings HuggingFace, HubSettings ModelScope, bool PrefersModelScope)
{
    public HubSettings Preferred => PrefersModelScope ? ModelScope : HuggingFace;

    public HubSettings this[HubSource source] => source == HubSource.ModelScope ? ModelScope : HuggingFace;

    public static HubChoice FromEnvironment(Func<string, string?> variable, string home) => new(
        HubSettings.Of(HubSource.HuggingFace, variable, home), HubSettings.Of(HubSource.ModelScope, variable, home),
        // LLaMA-Factory reads it like this.
        variable("USE_MODELSCOPE_HUB")?.Trim().ToLowerInvariant() is "true" or "y" or "1");

    public static HubChoice FromEnvironment() =>
        FromEnvironment(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>Returns hubs for what can be done without: nothing is tried again.</summary>
    public HubChoice Once() => this with { HuggingFace = HuggingFace with { Attempts = 1 }, ModelScope = ModelScope with { Attempts = 1 } };

    /// <summary>Puts LLaMA-Factory's cache_dir in place of the environment's folders.</summary>
    public HubChoice In(string? cache) => cache is null ? this
        : this with { HuggingFace = HuggingFace with { Cache = cache }, ModelScope = ModelScope with { Cache = cache } };
}
