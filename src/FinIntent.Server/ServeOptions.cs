using System.Net;

namespace FinIntent.Server;

/// <summary>Says where the server listens, how much it takes, and what it keeps. docs/serve.md lists the flags that set it.</summary>
sealed record ServeOptions
{
    public const int DefaultPort = 8080;

    /// <summary>The address to listen at. Any but the loopback's needs <see cref="ApiKeyFile"/>.</summary>
    public string Host { get; init; } = IPAddress.Loopback.ToString();

    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Names that a request may call the server by; empty: the loopback's.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Sites whose pages may call; empty: none.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];
    public string? ApiKeyFile { get; init; }
    public string? AdminKeyFile { get; init; }
    public string? AuditLog { get; init; }

    /// <summary>Requests a second of one key, or of one address where there are no keys; null: no limit.</summary>
    public double? RequestRate { get; init; }

    /// <summary>The model's name in answers; null: that of its folder.</summary>
    public string? ServedModelName { get; init; }

    /// <summary>Adapters by name, each a folder.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Adapters { get; init; } = [];

    /// <summary>The folder below which adapters may be loaded while serving; null: none may.</summary>
    public string? AdapterRoot { get; init; }

    /// <summary>Adapters whose weights stay on the device at once.</summary>
    public int MaxLoadedAdapters { get; init; } = 64;

    /// <summary>Megabytes for keys and values of prompts' beginnings that are kept between requests.</summary>
    public int KeptBeginningsMb { get; init; } = 256;

    /// <summary>Texts that may wait for their answers, those being computed included.</summary>
    public int MaxQueueRows { get; init; } = 512;

    /// <summary>Tokens that may wait; null: four forwards' worth.</summary>
    public int? MaxQueueTokens { get; init; }

    /// <summary>Tokens of a forward; null: what suits the device.</summary>
    public int? MaxBatchTokens { get; init; }

    /// <summary>How long a text waits for others to share its forward.</summary>
    public TimeSpan BatchWait { get; init; }

    /// <summary>Texts of one request.</summary>
    public int MaxRows { get; init; } = 256;

    /// <summary>Megabytes of one request's body.</summary>
    public int MaxBodyMb { get; init; } = 2;

    /// <summary>The deadline of requests that name none; null: none.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>How long accepted requests may take once the server is told to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A folder or a file beside which, a file a day, texts and their intents are written; null: they are written
    /// nowhere.</summary>
    public string? LogText { get; init; }
    public int LogTextDays { get; init; } = 30;

    /// <summary>The share of texts that is written, 0 to 1.</summary>
    public double LogTextSample { get; init; } = 1;

    /// <summary>Writes texts as they are, numbers and addresses unmasked.</summary>
    public bool LogTextRaw { get; init; }

    /// <summary>An adapter that answers the same texts for comparison only; null: none does.</summary>
    public string? Shadow { get; init; }

    /// <summary>The address of an OpenTelemetry collector; null: nothing is sent anywhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Adds vLLM's names to the metrics.</summary>
    public bool VllmMetricNames { get; init; }

    /// <summary>Another port for the metrics alone; null: they are on the server's.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>Says whether only programs of this machine can reach the server.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));
}
