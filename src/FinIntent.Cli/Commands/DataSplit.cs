using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class DataSplit
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "Labelled rows." };
        var output = Options.Required<string>("--out", "Folder for train.json, val.json, eval.json and dataset_info.json.");
        var val = Options.Of("--val", "Share of each class for validation.", 0.1);
        var eval = Options.Of("--eval", "Share of each class for evaluation.", 0.1);
        var seed = Options.Of("--seed", "Of the draw.", 42);
        var schema = Options.Of<string?>("--schema", "The file of intents, for rows that list no options.");
        var overwrite = Options.Of<bool>("--overwrite", "Replace files that are there.");
        var command = new Command("split",
            "Divide rows into files for training, validation and evaluation: each class alike, near duplicates on one side.")
            { file, output, val, eval, seed, schema, overwrite };
        command.SetAction(arguments =>
        {
            var files = SplitJob.Run(new(arguments.GetRequiredValue(file), arguments.GetRequiredValue(output), arguments.GetValue(schema),
                arguments.GetValue(val), arguments.GetValue(eval))
            {
                Seed = arguments.GetValue(seed),
                Overwrites = arguments.GetValue(overwrite),
            }, Host.Of(arguments).Warn);
            foreach (var (name, rows) in files)
            {
                var counts = rows.CountBy(row => row.Intent).Select(count => count.Value).ToList();
                arguments.InvocationConfiguration.Output.WriteLine(
                    $"{name}: {rows.Count:N0} rows, {counts.Count} classes of {counts.Min()} to {counts.Max()}");
            }
        });
        return command;
    }
}
