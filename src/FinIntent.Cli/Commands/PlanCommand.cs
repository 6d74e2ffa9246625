using FinIntent.Jobs.Plans;

namespace FinIntent.Cli.Commands;

static class PlanCommand
{
    public static Command Build()
    {
        var gpu = Options.Of<string>("--gpu",
            $"Another GPU than this machine's: {string.Join(", ", PlanJob.KnownGpus)}, or its memory in gigabytes.");
        var command = new Command("plan", "Predict memory, forwards and time of a training run without loading anything.") { gpu };
        var given = new SettingsArguments(command, "A settings file of `finintent train` (docs/plan.md).");
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            using var planner = PlanJob.Open(given.Load(arguments), arguments.GetValue(gpu), here);
            PlanText.Write(here.Output, planner);
        });
        return command;
    }
}
