using FinIntent.Jobs.Bench;

namespace FinIntent.Cli.Commands;

static class BenchCommand
{
    public static Command Build() =>
        new("bench", "Measure speed and memory with random weights of a true shape, or a server.")
        {
            Train(), Score(), Load(), BenchServe.Build(),
        };

    static Command Train()
    {
        var rows = Options.Of("--rows", "Rows an update.", 8);
        var steps = Options.Of("--steps", "Updates measured, after some to warm up.", 5);
        var checkpointing = Options.Of<bool>("--checkpointing",
            "Compute each layer again for its backward instead of keeping its activations.");
        var command = new Command("train", "LoRA training.") { rows, steps, checkpointing };
        var shared = new BenchOptions(command, writesRows: true);
        command.SetAction(arguments =>
        {
            var shape = shared.Model(arguments);
            var bench = new TrainBench(shape, new(BenchOptions.AtLeastOne(arguments, rows), BenchOptions.AtLeastOne(arguments, steps),
                arguments.GetValue(checkpointing), shared.RowsFile(arguments)));
            shared.Write(arguments, shape, [bench.Run()]);
            var first = BenchText.Text(bench.FirstUpdate.TotalSeconds, "f1");
            arguments.InvocationConfiguration.Output.WriteLine(
                $"first update done {first} s after the command began, the making of the weights left out");
        });
        return command;
    }

    static Command Score()
    {
        var questions = Options.Of("--questions", "Questions scored in a pass.", 75);
        var prefix = Options.Of<int>("--prefix",
            $"Tokens all questions begin with alike, up to {BenchRows.LongestPrefix}; they are read once.");
        var passes = Options.Of<int?>("--passes", "Passes measured; default: 3 on a CPU, 20 on a GPU.");
        var adapter = Options.Of<bool>("--adapter", "Measure again with an adapter that is not merged.");
        var command = new Command("score", "Scoring of questions by the probabilities of their options.")
            { questions, prefix, passes, adapter };
        var shared = new BenchOptions(command, writesRows: true);
        command.SetAction(arguments =>
        {
            var (shape, alike) = (shared.Model(arguments), arguments.GetValue(prefix));
            if (alike is < 0 or > BenchRows.LongestPrefix)
                throw new UserErrorException($"--prefix is {alike}; it must be from 0 to {BenchRows.LongestPrefix}, " +
                    $"since the shortest rows have {BenchRows.LongestPrefix + 2} tokens");
            var options = new ScoreBenchOptions(BenchOptions.AtLeastOne(arguments, questions), alike,
                BenchOptions.AtLeastOne(arguments, passes), arguments.GetValue(adapter), shared.RowsFile(arguments));
            shared.Write(arguments, shape, new ScoreBench(shape, options).Run());
        });
        return command;
    }

    static Command Load()
    {
        var folder = new Argument<string?>("folder")
        {
            Description = "A model's folder; none: a random checkpoint of --shape is written first.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var parent = Options.Of<string>("--in", "Where the random checkpoint goes; default: the temporary folder.");
        var command = new Command("load", "Loading of a checkpoint's weights to the device.") { folder, parent };
        var shared = new BenchOptions(command, writesRows: false);
        command.SetAction(arguments =>
        {
            var shape = shared.Model(arguments);
            BenchText.Write(arguments.InvocationConfiguration.Output, arguments.GetValue(folder) is { } given
                ? LoadBench.Run(given, shape.Device, shape.Format) : LoadBench.Run(shape, arguments.GetValue(parent)));
        });
        return command;
    }
}
