namespace FinIntent.Hub;

/// <summary>One hub: where it is, where its files are kept, and how they are fetched.</summary>
sealed record HubSettings(HubSource Source, Uri Endpoint, string Cache)
{
    const string HuggingFace = "https://huggingface.co", ModelScope = "https://www.modelscope.cn";

    readonly Lazy<HubToken?> _token = new((HubToken?)null);

    public HubToken? Token { get => _token.Value; init => _token = new(value); }

    /// <summary>Looked for when a request is made, so that a wrong one ends only what needs the hub.</summary>
    internal Func<HubToken?> TokenSource { init => _token = new(value); }

    /// <summary>The variable that forbids the network; null: none does.</summary>
    public string? OfflineBy { get; init; }

    /// <summary>The same for data sets.</summary>
    public string? DatasetsOfflineBy { get; init; }

    /// <summary>Opened at once.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>Bytes a connection asks for at a time.</summary>
    public int PartBytes { get; init; } = 32 << 20;

    /// <summary>Of a request that brings nothing; one that brings something and is cut does not count.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>A server that sends nothing for so long has hung up.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A longer Retry-After ends the download.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    public string DefaultRevision => Source == HubSource.HuggingFace ? "main" : "master";

    /// <summary>Why the network may not be used for a repository; null: it may.</summary>
    public string? OfflineReason(HubRepository repository) => OfflineBy ?? (repository.Kind == RepositoryKind.Dataset ? DatasetsOfflineBy : null);

    /// <summary>The address of a repository's page.</summary>
    public string PageOf(HubRepository repository) =>
        $"{Endpoint.AbsoluteUri.TrimEnd('/')}/{(repository.Kind == RepositoryKind.Dataset ? "datasets/" : Source == HubSource.ModelScope ? "models/" : "")}{repository.Id}";

    /// <summary>As huggingface_hub and modelscope read their environment.</summary>
    /// <param name="variable">Its value; null: not set.</param>
    /// <param name="home">The user's own folder.</param>
    /// <exception cref="UserErrorException">A variable holds no address.</exception>
    public static HubSettings Of(HubSource source, Func<string, string?> variable, string home)
    {
        var environment = new HubEnvironment(variable, home);
        string[] offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];
        var settings = source == HubSource.HuggingFace
            ? new HubSettings(source, environment.Address("HF_ENDPOINT", HuggingFace), environment.HuggingFaceCache()) { TokenSource = environment.HuggingFaceToken }
            : new(source, environment.Address("MODELSCOPE_DOMAIN", ModelScope), environment.ModelScopeCache()) { TokenSource = environment.ModelScopeToken };
        return settings with
        {
            OfflineBy = offline.FirstOrDefault(environment.IsOn),
            DatasetsOfflineBy = environment.IsOn("HF_DATASETS_OFFLINE") ? "HF_DATASETS_OFFLINE" : null,
        };
    }
}

/// <summary>Both hubs, and which of them a name means.</summary>
sealed record HubChoice(HubSettings HuggingFace, HubSettings ModelScope, bool PrefersModelScope)
{
    public HubSettings Preferred => PrefersModelScope ? ModelScope : HuggingFace;

    public HubSettings this[HubSource source] => source == HubSource.ModelScope ? ModelScope : HuggingFace;

    public static HubChoice FromEnvironment(Func<string, string?> variable, string home) => new(
        HubSettings.Of(HubSource.HuggingFace, variable, home), HubSettings.Of(HubSource.ModelScope, variable, home),
        // As LLaMA-Factory reads it.
        variable("USE_MODELSCOPE_HUB")?.Trim().ToLowerInvariant() is "true" or "y" or "1");

    public static HubChoice FromEnvironment() =>
        FromEnvironment(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>For what can be done without: nothing is tried again.</summary>
    public HubChoice Once() => this with { HuggingFace = HuggingFace with { Attempts = 1 }, ModelScope = ModelScope with { Attempts = 1 } };

    /// <summary>LLaMA-Factory's cache_dir in place of the environment's folders.</summary>
    public HubChoice In(string? cache) => cache is null ? this : this with { HuggingFace = HuggingFace with { Cache = cache }, ModelScope = ModelScope with { Cache = cache } };
}
