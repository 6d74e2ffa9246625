using System.CommandLine;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Training.Memory;

namespace FinIntent.Cli.Commands;

static class PlanCommand
{
    public static Command Build()
    {
        var file = new Argument<string>("file") { Description = "A settings file of `finintent train` (docs/plan.md)." };
        var overrides = new Argument<string[]>("key=value") { Description = "Settings that replace the file's.", Arity = ArgumentArity.ZeroOrMore };
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
        var command = new Command("plan", "Predict memory, forwards and time of a training run without loading anything.") { file, overrides, gpu, measure, steps };
        command.SetAction(arguments =>
        {
            var settings = SettingsToFolders.Shape(SettingsFile.Load(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []), arguments.InvocationConfiguration.Error);
            LibTorch.Load();
            var target = PlanTarget.Of(arguments.GetValue(gpu));
            if (arguments.GetValue(measure) is { } length)
            {
                new PlanMeasurement(settings, length, Math.Max(2, arguments.GetValue(steps))).Run(target, arguments.InvocationConfiguration.Output);
                return;
            }
            using var planner = Planner.Open(settings, target);
            PlanText.Write(arguments.InvocationConfiguration.Output, planner, planner.Plan());
        });
        return command;
    }
}
