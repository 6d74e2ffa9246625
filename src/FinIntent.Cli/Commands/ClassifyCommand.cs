using FinIntent.Jobs;
using FinIntent.Jobs.Classify;
using FinIntent.Jobs.Classify.Shards;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

/// <summary>classify FILE.yaml [key=value …], classify --model DIR [key=value …], and either with one text behind it.</summary>
static class ClassifyCommand
{
    public static Command Build()
    {
        var command = new Command("classify", "Tell the intents of one text, or of a table of texts (input=, output=).");
        var model = new Option<string?>("--model") { Description = "The folder of a model or an adapter, or owner/name on a hub." };
        var shards = Options.Of<string?>("--shards", "Divide the table's rows into so many shares (docs/bulk.md).");
        var shard = Options.Of<string?>(
            "--shard", "Which share to do, from 0; by default the one of this task of a Slurm array or an Indexed Job.");
        var merge = Options.Of<string?>("--merge", "Check the parts that shards wrote into this folder, and make one table of them.");
        var words = new Argument<string[]>("arguments")
        {
            Description = "A settings file (docs/classify.md), key=value, or a text.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        foreach (var option in (Option[])[model, shards, shard, merge]) command.Add(option);
        command.Add(words);
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            if (arguments.GetValue(merge) is { } folder) return Merge(folder, here);
            var isShard = arguments.GetValue(shards) is not null || arguments.GetValue(shard) is not null;
            try
            {
                var (count, index) = (NumberOf(shards, arguments), NumberOf(shard, arguments));
                var settings = ClassifyArguments.Parse(arguments.GetValue(model), arguments.GetValue(words) ?? []);
                var wanted = ShardJob.Wanted(settings, count, index, ArrayTask.Of(Environment.GetEnvironmentVariable));
                isShard = wanted is not null;
                return Run(settings, wanted, here);
            }
            catch (Exception e) when (isShard)
            {
                return ExitCodes.Tell(e, isShard, here.Error);
            }
        });
        return command;
    }

    /// <summary>Reads a number here and not in the parser, whose errors a scheduler could not tell from others.</summary>
    static int? NumberOf(Option<string?> option, ParseResult arguments) => arguments.GetValue(option) is not { } word ? null
        : int.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number
        : throw new UserErrorException($"{option.Name} is \"{word}\"; it must be a whole number");

    static int Run(SettingsFile settings, Shard? shard, Surroundings here)
    {
        if (settings.Classify.Text is not null && shard is null)
        {
            here.Output.Write(IntentBars.Of(ClassifyJob.One(settings, here)).In(here.Languages.Text));
            return 0;
        }
        using var stop = new StopRequest(StopRequest.Notice, here.Error);
        try
        {
            var done = shard is { } part ? ShardJob.Run(settings, part, here, stop.Token) : ClassifyJob.Run(settings, here, stop.Token);
            here.Tell(done.In(here.Languages.Text));
            return 0;
        }
        catch (OperationCanceledException)
        {
            here.Tell("stopped; the same command goes on from there");
            return shard is null ? 1 : ExitCodes.MayPass;
        }
    }

    static int Merge(string folder, Surroundings here)
    {
        using var stop = new StopRequest(StopRequest.Notice, here.Error);
        here.Output.WriteLine(MergeJob.Run(folder, stop.Token).Text().In(here.Languages.Text));
        return 0;
    }
}
