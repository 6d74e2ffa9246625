using FinIntent.Jobs;
using FinIntent.Jobs.Classify;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

/// <summary>classify FILE.yaml [key=value …], classify --model DIR [key=value …], and either with one text behind it.</summary>
static class ClassifyCommand
{
    public static Command Build()
    {
        var command = new Command("classify", "Tell the intents of one text, or of a table of texts (input=, output=).");
        var model = new Option<string?>("--model") { Description = "The folder of a model or an adapter, or owner/name on a hub." };
        var words = new Argument<string[]>("arguments")
        {
            Description = "A settings file (docs/classify.md), key=value, or a text.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        command.Add(model);
        command.Add(words);
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            return Run(ClassifyArguments.Parse(arguments.GetValue(model), arguments.GetValue(words) ?? []), here);
        });
        return command;
    }

    static int Run(SettingsFile settings, Surroundings here)
    {
        if (settings.Classify.Text is not null)
        {
            here.Output.Write(IntentBars.Of(ClassifyJob.One(settings, here)).In(here.Languages.Text));
            return 0;
        }
        using var stop = new StopRequest("stopping; once more to stop at once", here.Error);
        try
        {
            here.Tell(ClassifyJob.Run(settings, here, stop.Token).In(here.Languages.Text));
            return 0;
        }
        catch (OperationCanceledException)
        {
            here.Tell("stopped; the same command goes on from there");
            return 1;
        }
    }
}
