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
        var overrides = new Argument<string[]>("key=value")
        {
            Description = "Settings that replace the file's.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var gpu = new Option<string>("--gpu")
        {
            Description = "Another GPU than this machine's: " +
                $"{string.Join(", ", GpuModel.Known.Select(known => known.Key))}, or its memory in gigabytes.",
        };
        var command = new Command("plan", "Predict memory, forwards and time of a training run without loading anything.")
        {
            file, overrides, gpu,
        };
        command.SetAction(arguments =>
        {
            var settings = SettingsFile.Load(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
            settings = SettingsToFolders.Shape(settings, arguments.InvocationConfiguration.Error);
            LibTorch.Load();
            using var planner = Planner.Open(settings, PlanTarget.Of(arguments.GetValue(gpu)));
            PlanText.Write(arguments.InvocationConfiguration.Output, planner, planner.Plan());
        });
        return command;
    }
}
