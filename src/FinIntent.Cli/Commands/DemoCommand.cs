using FinIntent.Jobs;
using FinIntent.Jobs.Demo;

namespace FinIntent.Cli.Commands;

static class DemoCommand
{
    public static Command Build()
    {
        var output = Options.Of("--output", "Folder for the adapters, the models, predictions and plots.", "demo_output");
        var command = new Command("demo",
            "Score, train, export and score again with the model and rows that ship with the project.") { output };
        command.SetAction(arguments =>
        {
            var folder = Path.GetFullPath(arguments.GetRequiredValue(output));
            Directory.CreateDirectory(folder);
            var project = ProjectFolder.With("config/demo/lora.yaml") ?? throw new UserErrorException(
                $"config/demo/lora.yaml is in no folder above {Directory.GetCurrentDirectory()}; run the demo inside the project");
            new DemoJob(project, folder, Host.Of(arguments)).Run();
        });
        return command;
    }
}
