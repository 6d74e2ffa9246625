using System.CommandLine;
using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.Cli.Commands;

static class BenchCommand
{
    public static Command Build()
    {
        var shape = new Option<string>("--shape") { Description = "Whose shape the random weights have.", DefaultValueFactory = _ => "qwen2.5-0.5b" };
        shape.AcceptOnlyFromAmong([.. Bench.KnownShapes]);
        var layers = new Option<int?>("--layers") { Description = "Fewer layers than the shape has, for a quick look." };
        var rows = new Option<int>("--rows") { Description = "Rows an update.", DefaultValueFactory = _ => 8 };
        var steps = new Option<int>("--steps") { Description = "Updates measured, after one to warm up.", DefaultValueFactory = _ => 5 };
        var type = new Option<string>("--type") { Description = "Type of the weights and of the computation.", DefaultValueFactory = _ => "bf16" };
        type.AcceptOnlyFromAmong("bf16", "fp32");
        var command = new Command("bench", "Measure training and scoring with random weights of a true shape.") { shape, layers, rows, steps, type };
        command.Add(Layer());
        command.SetAction(arguments =>
        {
            LibTorch.Load();
            var options = new BenchOptions(arguments.GetRequiredValue(shape), arguments.GetValue(layers), arguments.GetValue(rows), arguments.GetValue(steps),
                arguments.GetValue(type) == "fp32" ? ScalarType.Float32 : ScalarType.BFloat16);
            new Bench(options, arguments.InvocationConfiguration.Output).Run();
        });
        return command;
    }

    static Command Layer()
    {
        var rows = new Option<int>("--rows") { DefaultValueFactory = _ => 64 };
        var length = new Option<int>("--length") { DefaultValueFactory = _ => 125 };
        var command = new Command("layer", "Measure each step of one layer of the Qwen2.5-7B shape.") { rows, length };
        command.SetAction(arguments =>
        {
            LibTorch.Load();
            new LayerBench(arguments.GetValue(rows), arguments.GetValue(length)).Run();
        });
        return command;
    }
}
