using System.CommandLine;
using FinIntent.EmbeddedModel.Teaching;

namespace FinIntent.EmbeddedModel.Commands;

static class TeachCommand
{
    public static Command Build()
    {
        var sources = new SourceOptions();
        var rows = new Option<int>("--rows") { Description = "Rows to write.", DefaultValueFactory = _ => 400_000 };
        var output = new Option<string>("--out") { Description = "JSONL of Alpaca rows.", Required = true };
        var command = sources.AddTo(new Command("teach", "Write instruction rows made from the teaching text.") { rows, output });
        command.SetAction(arguments =>
        {
            var read = sources.Read(arguments);
            var generator = new TeachGenerator(read.Teach, read.Names, read.Leaks);
            var path = arguments.GetRequiredValue(output);
            var written = JsonLine.Write(path, generator.Rows(arguments.GetRequiredValue(rows), read.Seed).Select(row => row.ToJson()));
            Console.WriteLine($"{path}: {written} rows; {read.Leaks.Dropped} questions dropped as too near to reserved ones");
        });
        return command;
    }
}
