using System.CommandLine;
using System.Text.Json;
using FinIntent.Checkpoints;
using FinIntent.Models;
using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.EmbeddedModel.Commands;

static class WeightsCommand
{
    public static Command Build()
    {
        var model = new Option<string>("--model")
        {
            Description = "Folder with config.json; model.safetensors is written there.",
            Required = true
        };
        var seed = new Option<int>("--seed") { Description = "Seed of the weights.", DefaultValueFactory = _ => 42 };
        var command = new Command("weights", "Write the random weights that pretraining starts from.") { model, seed };
        command.SetAction(arguments =>
        {
            LibTorch.Load();
            var folder = arguments.GetRequiredValue(model);
            using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
            using var random = RandomModel.Create(config.RootElement, Placement.Cpu(), arguments.GetRequiredValue(seed));
            using var scope = NewDisposeScope();
            SafetensorsWriter.Write(
                Path.Combine(folder, SafetensorsWriter.SingleName),
                random.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter.to(ScalarType.BFloat16))),
                new Dictionary<string, string> { ["format"] = "pt" });
            Console.WriteLine($"{folder}: {random.parameters().Sum(p => p.numel())} weights");
        });
        return command;
    }
}
