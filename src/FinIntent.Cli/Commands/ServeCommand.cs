using FinIntent.Jobs.Classify;
using FinIntent.Server;

namespace FinIntent.Cli.Commands;

/// <summary>serve --model DIR [flags], serve FILE.yaml [key=value …] [flags].</summary>
static class ServeCommand
{
    public static Command Build()
    {
        var command = new Command("serve", "Answer over HTTP: intents, chat, metrics (docs/serve.md).");
        var model = new Option<string?>("--model") { Description = "The folder of a model or an adapter, or owner/name on a hub." };
        var words = new Argument<string[]>("arguments")
        {
            Description = "A settings file (the keys of classify), and key=value.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        command.Add(model);
        var flags = new ServeFlags(command);
        command.Add(words);
        command.SetAction(async (arguments, _) =>
        {
            var settings = ClassifyArguments.ForServing(arguments.GetValue(model), arguments.GetValue(words) ?? []);
            await ServeJob.RunAsync(flags.Read(arguments), settings, Host.Of(arguments));
            return 0;
        });
        return command;
    }
}
