using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class DataGenerate
{
    public static Command Build(TimeProvider? time = null)
    {
        var file = new Argument<string>("file") { Description = "A settings file (docs/generate.md)." };
        var overrides = new Argument<string[]>("key=value")
        {
            Description = "Settings that replace the file's.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var local = Options.Of<bool>("--local",
            "The model folder of model_name_or_path writes and judges; the file's api keys are left out.");
        var accept = Options.Of<string>("--accept", "A review.csv with decisions: brings its rows into the set, and asks no model.");
        var command = new Command("generate", "Have a model write training rows for the intents of a schema.")
            { file, overrides, local, accept };
        command.SetAction(async (arguments, ended) =>
        {
            var settings = AuthorJob.Load(arguments.GetRequiredValue(file), arguments.GetValue(local), arguments.GetValue(overrides) ?? []);
            var here = Host.Of(arguments) with { Time = time ?? TimeProvider.System };
            foreach (var note in settings.Notes) here.Tell(note);
            using var stop = new StopRequest(StopRequest.Notice, here.Error);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, stop.Token);
            return await AuthorJob.Run(settings, arguments.GetValue(accept), here, either.Token);
        });
        return command;
    }
}
