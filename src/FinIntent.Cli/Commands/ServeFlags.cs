using FinIntent.Server;

namespace FinIntent.Cli.Commands;

/// <summary>The flags of `finintent serve`, each with what it sets.</summary>
sealed class ServeFlags
{
    static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1), Second = TimeSpan.FromSeconds(1);

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
        Add<string>("--host", "The address to listen at; any but the loopback's needs --api-key-file. Default: 127.0.0.1.",
            (o, v) => o with { Host = v });
        Add<int>("--port", "The port; 0: a free one. Default: 8080.", (o, v) => o with { Port = v });
        Add<string[]>("--allowed-hosts", "Names that requests may call the server by; * for any.", (o, v) => o with { AllowedHosts = v });
        Add<string[]>("--cors-origin", "Sites whose pages may call, such as https://example.org.", (o, v) => o with { CorsOrigins = v });
        Add<string>("--api-key-file", "A file of keys, one a line; every route but health then needs one.",
            (o, v) => o with { ApiKeyFile = v });
        Add<string>("--admin-key-file", "A file of keys that may load and remove adapters.", (o, v) => o with { AdminKeyFile = v });
        Add<double>("--request-rate", "Requests a second of one key, or of one address without keys.", (o, v) => o with
        {
            RequestRate =
            v
        });
    }

    void Models()
    {
        Add<string>("--served-model-name", "The model's name in requests and answers; default: its folder's.",
            (o, v) => o with { ServedModelName = v });
        Add<string[]>("--adapter", "NAME=FOLDER: an adapter that answers under a name of its own; may be given several times.",
            (o, v) => o with { Adapters = [.. v.Select(NameAndFolder)] });
        Add<string>("--adapter-root", "The folder below which adapters may be loaded while serving.", (o, v) => o with { AdapterRoot = v });
        Add<int>("--max-loaded-adapters", "Adapters whose weights stay on the device. Default: 64.",
            (o, v) => o with { MaxLoadedAdapters = v });
        Add<int>("--kept-beginnings-mb", "Memory for what prompts begin with alike, kept between requests. Default: 256.",
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
            (o, v) => o with { BatchWait = ServeRanges.Time("--batch-wait", v, Millisecond) });
        Add<int>("--max-rows", "Texts of one request. Default: 256.", (o, v) => o with { MaxRows = v });
        Add<int>("--max-body-mb", "Megabytes of one request. Default: 2.", (o, v) => o with { MaxBodyMb = v });
        Add<double>("--deadline", "Milliseconds that a request may take which names no deadline_ms. Default: no limit.",
            (o, v) => o with { Deadline = ServeRanges.Time("--deadline", v, Millisecond) });
        Add<double>("--drain-timeout", "Seconds for accepted requests once the server is told to stop. Default: 30.",
            (o, v) => o with { DrainTimeout = ServeRanges.Time("--drain-timeout", v, Second) });
    }

    void Records()
    {
        Add<string>("--log-text", "A folder (or NAME.jsonl) for texts and their intents, a file a day. Default: texts are written nowhere.",
            (o, v) => o with { LogText = v });
        Add<int>("--log-text-days", "Days that these files are kept. Default: 30.", (o, v) => o with { LogTextDays = v });
        Add<double>("--log-text-sample", "The share of texts that is written, 0 to 1. Default: 1.", (o, v) => o with { LogTextSample = v });
        Add<bool>("--log-text-raw", "Write texts as they are, numbers and addresses unmasked.", (o, v) => o with { LogTextRaw = v });
        Add<string>("--audit-log", "A file for a line about each change of adapters.", (o, v) => o with { AuditLog = v });
        Add<Uri>("--otlp", "The address of an OpenTelemetry collector. Default: nothing is sent anywhere.", (o, v) => o with { Otlp = v });
        Add<bool>("--vllm-metric-names", "Write metrics under vLLM's names, too.", (o, v) => o with { VllmMetricNames = v });
        Add<int>("--metrics-port", "Another port for the metrics alone.", (o, v) => o with { MetricsPort = v });
    }

    void Add<T>(string name, string description, Func<ServeOptions, T, ServeOptions> set)
    {
        var option = Options.Of<T>(name, description);
        if (typeof(T) == typeof(string[])) option.AllowMultipleArgumentsPerToken = false;
        _command.Add(option);
        _setters.Add((arguments, options) =>
            arguments.GetResult(option) is { Implicit: false } ? set(options, arguments.GetValue(option)!) : options);
    }

    static KeyValuePair<string, string> NameAndFolder(string word) => word.IndexOf('=') is var at and > 0
        ? new(word[..at], word[(at + 1)..])
        : throw new UserErrorException($"--adapter is \"{word}\"; write NAME=FOLDER");
}
