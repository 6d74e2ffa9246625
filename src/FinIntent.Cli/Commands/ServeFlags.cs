using FinIntent.Server;

namespace FinIntent.Cli.Commands;

/// <summary>The flags of `finintent serve`, each with what it sets.</summary>
sealed class ServeFlags
{
    readonly List<Func<ParseResult, ServeOptions, ServeOptions>> _setters = [];
    readonly Command _command;

    public ServeFlags(Command command)
    {
        _command = command;
        Listening();
        Models();
        Limits();
        Records();
    }

    /// <exception cref="UserErrorException">A value is not possible.</exception>
    public ServeOptions Read(ParseResult arguments) => _setters.Aggregate(new ServeOptions(), (options, set) => set(arguments, options));

    void Listening()
    {
        Add<string>("--host", "The address to listen at, * for all; any but the loopback's needs --api-key-file and --allowed-hosts. " +
            "Default: 127.0.0.1.",
            (o, v) => o with { Host = v });
        Add<int>("--port", "The port; 0: a free one. Default: 8080.", (o, v) => o with { Port = v });
        Add<string[]>("--allowed-hosts", "A name that requests may call the server by, * for any; may be given several times. " +
            "Default: the loopback's names.", (o, v) => o with { AllowedHosts = v });
        Add<string[]>("--cors-origin", "A site whose pages may call, such as https://example.org; may be given several times. " +
            "Default: none.", (o, v) => o with { CorsOrigins = v });
        Add<string>("--api-key-file", "A file of keys, KEY or NAME KEY a line; every route but health then needs one. Default: no keys.",
            (o, v) => o with { ApiKeyFile = v });
        Add<string>("--admin-key-file", "A file of keys that may load and remove adapters, too.", (o, v) => o with { AdminKeyFile = v });
        Add<double>("--request-rate", "Requests a second of one key, or of one address without keys; above it 429. Default: no limit.",
            (o, v) => o with { RequestRate = v });
    }

    void Models()
    {
        Add<string>("--served-model-name", "The model's name in requests and answers; default: its folder's.",
            (o, v) => o with { ServedModelName = v });
        Add<string[]>("--adapter", "NAME=FOLDER: an adapter that answers under a name of its own; may be given several times.",
            (o, v) => o with { Adapters = [.. v.Select(NameAndFolder)] });
        Add<string>("--adapter-root", "The folder below which adapters may be loaded while serving; needs --admin-key-file. " +
            "Default: none may.", (o, v) => o with { AdapterRoot = v });
        Add<int>("--max-loaded-adapters", "Adapters whose weights stay on the device. Default: 64.",
            (o, v) => o with { MaxLoadedAdapters = v });
        Add<int>("--kept-beginnings-mb", "Megabytes for what prompts begin with alike, kept between requests; 0 keeps nothing. " +
            "Default: 256.",
            (o, v) => o with { KeptBeginningsMb = v });
        Add<string>("--shadow", "An adapter that answers the same texts for comparison only.", (o, v) => o with { Shadow = v });
    }

    void Limits()
    {
        Add<int>("--max-queue-rows", "Texts that may wait; more are refused with 429. Default: 512.", (o, v) =>
            o with { MaxQueueRows = v });
        Add<int>("--max-queue-tokens", "Tokens that may wait. Default: four forwards.", (o, v) => o with { MaxQueueTokens = v });
        Add<int>("--max-batch-tokens", "Tokens of a forward. Default: what suits the device.", (o, v) => o with { MaxBatchTokens = v });
        Add<double>("--batch-wait", "Milliseconds that a text waits for others to share its forward. Default: 0.",
            (o, v) => o with { BatchWait = Time("--batch-wait", v, 1) });
        Add<int>("--max-rows", "Texts of one request. Default: 256.", (o, v) => o with { MaxRows = v });
        Add<int>("--max-body-mb", "Megabytes of one request. Default: 2.", (o, v) => o with { MaxBodyMb = v });
        Add<double>("--deadline", "Milliseconds that a request may take which names no deadline_ms. Default: no limit.",
            (o, v) => o with { Deadline = Time("--deadline", v, 1, isAboveZero: true) });
        Add<double>("--drain-timeout", "Seconds for accepted requests once the server is told to stop. Default: 30.",
            (o, v) => o with { DrainTimeout = Time("--drain-timeout", v, 1000) });
    }

    void Records()
    {
        Add<string>("--log-text", "A folder (or NAME.jsonl) for texts and their intents, a file a day. Default: texts are written nowhere.",
            (o, v) => o with { LogText = v });
        Add<int>("--log-text-days", "Days that these files are kept. Default: 30.", (o, v) => o with { LogTextDays = v });
        Add<double>("--log-text-sample", "The share of texts that is written, 0 to 1. Default: 1.", (o, v) => o with { LogTextSample = v });
        Add<bool>("--log-text-raw", "Write texts as they are, numbers and addresses unmasked.", (o, v) => o with { LogTextRaw = v });
        Add<string>("--audit-log", "A file for a line about each change of adapters. Default: the log on standard error alone.",
            (o, v) => o with { AuditLog = v });
        Add<string>("--otlp", "The address of an OpenTelemetry collector, such as http://127.0.0.1:4317. " +
            "Default: nothing is sent anywhere.",
            (o, v) => o with { Otlp = Address("--otlp", v) });
        Add<bool>("--vllm-metric-names", "Write metrics under vLLM's names, too.", (o, v) => o with { VllmMetricNames = v });
        Add<int>("--metrics-port", "Another port of the same address for the metrics alone. Default: they are at --port.",
            (o, v) => o with { MetricsPort = v });
    }

    void Add<T>(string name, string description, Func<ServeOptions, T, ServeOptions> set)
    {
        var option = Options.Of<T>(name, description);
        if (typeof(T) == typeof(string[])) option.AllowMultipleArgumentsPerToken = false;
        _command.Add(option);
        _setters.Add((arguments, options) =>
            arguments.GetResult(option) is { Implicit: false } ? set(options, arguments.GetValue(option)!) : options);
    }

    static TimeSpan Time(string flag, double value, double milliseconds, bool isAboveZero = false)
    {
        var most = TimeSpan.FromDays(1).TotalMilliseconds / milliseconds; // timers end at 49 days
        return (isAboveZero ? value > 0 : value >= 0) && value <= most ? TimeSpan.FromMilliseconds(value * milliseconds)
            : throw new UserErrorException(FormattableString.Invariant(
                $"{flag} is {value}; it must be {(isAboveZero ? "above 0" : "0 or more")} and at most {most}, a day"));
    }

    static Uri Address(string flag, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
            : throw new UserErrorException($"{flag} is \"{value}\"; write an address such as http://127.0.0.1:4317");

    static KeyValuePair<string, string> NameAndFolder(string word) => word.IndexOf('=') is var at and > 0
        ? new(word[..at], word[(at + 1)..])
        : throw new UserErrorException($"--adapter is \"{word}\"; write NAME=FOLDER");
}
