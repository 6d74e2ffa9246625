using FinIntent.Server.Load;

namespace FinIntent.Cli;

/// <summary>The options of `finintent bench serve` that say what is sent, how fast and how long.</summary>
sealed class LoadOptions
{
    readonly Option<string> _clients = Options.Of("--clients", "Clients that each wait for their answer: a list, or none.", "1,8,32,128");
    readonly Option<string> _rates = Options.Of("--rates", "Requests a second, whatever is answered: a list of numbers, shares of " +
        "classify's rate such as 70%, and auto, the highest that is borne; or none.", "auto");
    readonly Option<LoadArrivals> _arrivals = Options.Of("--arrivals", "How requests at a rate arrive.", LoadArrivals.Poisson);
    readonly Option<double> _knee = Options.Of("--p99-ms", "The time of 99 of 100 answers up to which auto takes a rate as borne.", 100.0);
    readonly Option<double> _duration = Options.Of("--duration", "Seconds of each load.", 10.0);
    readonly Option<double> _warmUp = Options.Of("--warm-up", "Seconds before them, whose times do not count.", 2.0);
    readonly Option<double> _timeout = Options.Of("--timeout", "Seconds after which an answer is no longer waited for.", 60.0);
    readonly Option<string?> _texts = Options.Of<string?>("--texts",
        "A table of texts; without it the questions of data/intent_eval.json.");
    readonly Option<int> _adapters = Options.Of("--adapters", "Ask adapters a1, a2 … up to this number in turn; 0: none is named.", 0);
    readonly Option<int?> _deadline = Options.Of<int?>("--deadline-ms", "The deadline that each request carries.");
    readonly Option<string?> _keyEnvironment = Options.Of<string?>("--api-key-env", "The environment variable with the server's key.");
    readonly Option<string?> _keyFile = Options.Of<string?>("--api-key-file", "The file with the server's key.");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_clients, _rates, _arrivals, _knee, _duration, _warmUp, _timeout, _texts, _adapters, _deadline,
            _keyEnvironment, _keyFile]) command.Add(option);
    }

    public LoadPlan Plan(ParseResult arguments) => new(
        LoadPlan.List(arguments.GetRequiredValue(_clients), LoadPlan.ParseClients),
        LoadPlan.List(arguments.GetRequiredValue(_rates), LoadRate.Parse),
        arguments.GetValue(_arrivals), Positive(arguments, _knee),
        new(Seconds(arguments, _warmUp), TimeSpan.FromSeconds(Positive(arguments, _duration)),
            TimeSpan.FromSeconds(Positive(arguments, _timeout))));

    public LoadTexts Texts(ParseResult arguments) => arguments.GetValue(_texts) is { } path ? LoadTexts.Of(path) : LoadTexts.Shipped();

    public LoadQuestion Question(ParseResult arguments) =>
        new(arguments.GetValue(_adapters) is >= 0 and var count ? count
            : throw new UserErrorException($"{_adapters.Name} is {arguments.GetValue(_adapters)}; it must be 0 or more"),
            BenchOptions.AtLeastOne(arguments, _deadline));

    public string? Key(ParseResult arguments) => LoadKey.Of(arguments.GetValue(_keyEnvironment), arguments.GetValue(_keyFile));

    static double Positive(ParseResult arguments, Option<double> option) => arguments.GetValue(option) is > 0 and <= 1e6 and var value
        ? value : throw new UserErrorException($"{option.Name} is {arguments.GetValue(option)}; it must be above 0");

    static TimeSpan Seconds(ParseResult arguments, Option<double> option) => arguments.GetValue(option) is >= 0 and <= 1e6 and var value
        ? TimeSpan.FromSeconds(value)
        : throw new UserErrorException($"{option.Name} is {arguments.GetValue(option)}; it must be 0 or more");
}
