using FinIntent.Jobs.Bench;
using FinIntent.Runtime;

namespace FinIntent.Cli.Commands;

static class BenchCommand
{
    public static Command Build() =>
        new("bench", "Measure speed and memory with random weights of a true shape.") { Train(), Score(), Load() };

    static Command Train()
    {
        var model = new ModelOptions();
        var output = new OutputOptions();
        var rows = new Option<int>("--rows") { Description = "Rows an update.", DefaultValueFactory = _ => 8 };
        var steps = new Option<int>("--steps") { Description = "Updates measured, after some to warm up.", DefaultValueFactory = _ => 5 };
        var checkpointing = new Option<bool>("--checkpointing")
        {
            Description = "Compute each layer again for its backward instead of keeping its activations.",
        };
        var command = new Command("train", "LoRA training.") { rows, steps, checkpointing };
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(arguments =>
        {
            var shape = model.Read(arguments);
            var recomputes = arguments.GetValue(checkpointing);
            var bench = new TrainBench(shape,
                new(AtLeastOne(arguments, rows), AtLeastOne(arguments, steps), recomputes, output.RowsFile(arguments)));
            output.Write(arguments, shape, [bench.Run()]);
            var first = BenchText.Text(bench.FirstUpdate.TotalSeconds, "f1");
            arguments.InvocationConfiguration.Output.WriteLine(
                $"first update done {first} s after the command began, the making of the weights left out");
        });
        return command;
    }

    static Command Score()
    {
        var model = new ModelOptions();
        var output = new OutputOptions();
        var questions = new Option<int>("--questions") { Description = "Questions scored in a pass.", DefaultValueFactory = _ => 75 };
        var prefix = new Option<int>("--prefix")
        {
            Description = $"Tokens all questions begin with alike, up to {BenchRows.LongestPrefix}; they are read once.",
        };
        var passes = new Option<int?>("--passes") { Description = "Passes measured; default: 3 on a CPU, 20 on a GPU." };
        var adapter = new Option<bool>("--adapter") { Description = "Measure again with an adapter that is not merged." };
        var command = new Command("score", "Scoring of questions by the probabilities of their options.")
        {
            questions, prefix, passes, adapter,
        };
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(arguments =>
        {
            var shape = model.Read(arguments);
            var shared = arguments.GetValue(prefix);
            if (shared is < 0 or > BenchRows.LongestPrefix)
                throw new UserErrorException($"--prefix is {shared}; it must be from 0 to {BenchRows.LongestPrefix}, " +
                    $"since the shortest rows have {BenchRows.LongestPrefix + 2} tokens");
            var options = new ScoreBenchOptions(AtLeastOne(arguments, questions), shared, AtLeastOne(arguments, passes),
                arguments.GetValue(adapter), output.RowsFile(arguments));
            output.Write(arguments, shape, new ScoreBench(shape, options).Run());
        });
        return command;
    }

    static Command Load()
    {
        var model = new ModelOptions();
        var folder = new Argument<string?>("folder")
        {
            Description = "A model's folder; none: a random checkpoint of --shape is written first.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var parent = new Option<string>("--in") { Description = "Where the random checkpoint goes; default: the temporary folder." };
        var command = new Command("load", "Loading of a checkpoint's weights to the device.") { folder, parent };
        model.AddTo(command);
        command.SetAction(arguments =>
        {
            var shape = model.Read(arguments);
            BenchText.Write(arguments.InvocationConfiguration.Output, arguments.GetValue(folder) is { } given
                ? LoadBench.Run(given, shape.Device, shape.Format)
                : LoadBench.Run(shape, arguments.GetValue(parent)));
        });
        return command;
    }

    static int AtLeastOne(ParseResult arguments, Option<int> option) => Checked(arguments.GetValue(option), option);

    static int? AtLeastOne(ParseResult arguments, Option<int?> option) =>
        arguments.GetValue(option) is { } value ? Checked(value, option) : null;

    static int Checked(int value, Option option) =>
        value >= 1 ? value : throw new UserErrorException($"{option.Name} is {value}; it must be at least 1");

    sealed class ModelOptions
    {
        readonly Option<string> _shape = new("--shape")
        {
            Description = "Whose shape the random weights have.",
            DefaultValueFactory = _ => "qwen2.5-0.5b",
        };
        readonly Option<int?> _layers = new("--layers") { Description = "Fewer layers than the shape has, for a quick look." };
        readonly Option<string> _type = new("--type")
        {
            Description = "Type of the weights and of the computation.",
            DefaultValueFactory = _ => "bf16",
        };
        readonly Option<string> _quantization = new("--quantization")
        {
            Description = "How the layers' weights are kept: none is as --type says.",
            DefaultValueFactory = _ => "none",
        };

        public void AddTo(Command command)
        {
            _shape.AcceptOnlyFromAmong([.. BenchModel.KnownShapes]);
            _type.AcceptOnlyFromAmong([.. BenchModel.KnownTypes.Keys]);
            _quantization.AcceptOnlyFromAmong([.. BenchModel.KnownFormats.Keys]);
            foreach (var option in (Option[])[_shape, _layers, _type, _quantization]) command.Add(option);
        }

        public BenchModel Read(ParseResult arguments)
        {
            LibTorch.Load();
            return new(arguments.GetRequiredValue(_shape), AtLeastOne(arguments, _layers),
                BenchModel.KnownTypes[arguments.GetRequiredValue(_type)],
                    BenchModel.KnownFormats[arguments.GetRequiredValue(_quantization)]);
        }
    }

    sealed class OutputOptions
    {
        readonly Option<string> _json = new("--json") { Description = "Also write the numbers to this file." };
        readonly Option<string> _rows = new("--rows-file")
        {
            Description = "Write the rows used to this file, for another program to use the same.",
        };

        public void AddTo(Command command)
        {
            command.Add(_json);
            command.Add(_rows);
        }

        public string? RowsFile(ParseResult arguments) => arguments.GetValue(_rows);

        public void Write(ParseResult arguments, BenchModel shape, IReadOnlyList<BenchLine> lines)
        {
            var result = new BenchResult(shape, MachineRate.Measure(shape), lines);
            BenchText.Write(arguments.InvocationConfiguration.Output, result);
            if (arguments.GetValue(_json) is { } path) result.WriteJson(path);
        }
    }
}
