using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class DataSplit
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "Labelled rows." };
        var output = new Option<string>("--out")
        {
            Description = "Folder for train.json, val.json, eval.json and dataset_info.json.",
            Required = true,
        };
        var val = new Option<double>("--val") { Description = "Share of each class for validation.", DefaultValueFactory = _ => 0.1 };
        var eval = new Option<double>("--eval") { Description = "Share of each class for evaluation.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { Description = "Of the draw.", DefaultValueFactory = _ => 42 };
        var schema = new Option<string?>("--schema") { Description = "The file of intents, for rows that list no options." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace files that are there." };
        var command = new Command("split",
            "Divide rows into files for training, validation and evaluation: each class alike, near duplicates on one side.")
        {
            file, output, val, eval, seed, schema, overwrite,
        };
        command.SetAction(arguments =>
        {
            var files = SplitJob.Run(new(arguments.GetRequiredValue(file), arguments.GetRequiredValue(output), arguments.GetValue(schema),
                arguments.GetValue(val), arguments.GetValue(eval))
            {
                Seed = arguments.GetValue(seed),
                Overwrites = arguments.GetValue(overwrite),
            });
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
