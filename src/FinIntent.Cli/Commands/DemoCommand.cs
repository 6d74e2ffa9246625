using System.CommandLine;
using FinIntent.Jobs.Demo;

namespace FinIntent.Cli.Commands;

static class DemoCommand
{
    public static Command Build()
    {
        var output = new Option<string>("--output")
        {
            Description = "Folder for the adapters, the models, predictions and plots.",
            DefaultValueFactory = _ => "demo_output",
        };
        var command = new Command("demo", "Score, train, export and score again with the model and rows that ship with the project.") { output };
        command.SetAction(arguments =>
        {
            var folder = Path.GetFullPath(arguments.GetRequiredValue(output));
            Directory.CreateDirectory(folder);
            new DemoJob(Root(), folder, Host.Of(arguments)).Run();
        });
        return command;
    }

    /// <summary>The project's folder: the working folder or one above it, else one above the program.</summary>
    static string Root()
    {
        foreach (var start in (string[])[Directory.GetCurrentDirectory(), AppContext.BaseDirectory])
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "config", "demo", "lora.yaml"))) return folder.FullName;
        throw new UserErrorException(
            $"config/demo/lora.yaml is in no folder above {Directory.GetCurrentDirectory()}; run the demo inside the project");
    }
}
