using System.CommandLine;
using FinIntent.Runtime;
using FinIntent.Jobs.Plans;

namespace FinIntent.Cli.Commands;

static class PlanCommand
{
    public static Command Build()
    {
        var gpu = new Option<string>("--gpu")
        {
            Description = $"Another GPU than this machine's: {string.Join(", ", GpuModel.Known.Select(known => known.Key))}, or its memory in gigabytes.",
        };
        var measure = new Option<int?>("--measure")
        {
            Description = "Also run a few updates of rows of so many tokens, with random weights, and print the plan beside what was measured.",
            Hidden = true,
        };
        var steps = new Option<int>("--steps") { Description = "Updates that --measure runs.", DefaultValueFactory = _ => 3, Hidden = true };
        var command = new Command("plan", "Predict memory, forwards and time of a training run without loading anything.");
        var given = new SettingsArguments(command, "A settings file of `finintent train` (docs/plan.md).");
        foreach (var option in (Option[])[gpu, measure, steps]) command.Add(option);
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments.InvocationConfiguration);
            var settings = given.Load(arguments);
            if (arguments.GetValue(measure) is { } length)
            {
                new PlanMeasurement(settings, length, Math.Max(2, arguments.GetValue(steps)), here).Run(arguments.GetValue(gpu));
                return;
            }
            using var planner = PlanJob.Open(settings, arguments.GetValue(gpu), here);
            PlanText.Write(here.Output, planner, planner.Plan());
        });
        return command;
    }
}
