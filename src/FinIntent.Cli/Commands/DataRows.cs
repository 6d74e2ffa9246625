using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Cli.Commands;

static class DataRows
{
    public static Command Build()
    {
        var schema = Options.Required<string>("--schema", "The file of intents (docs/intents.md).");
        var input = Options.Required<string>("--input",
            "A .csv, .tsv, .jsonl, .json or .parquet file with a question and its intent, by name or label, in each row.");
        var output = Options.Required<string>("--output", "The Alpaca file to write.");
        var question = Options.Of("--question", "The column with the question.", "question");
        var intent = Options.Of<string?>("--intent", "The column with the intent; without it gold, intent or label, whichever there is.");
        var command = new Command("rows",
            "Rows of questions and intents as Alpaca rows in the words of a schema, for training and evaluation.")
            { schema, input, output, question, intent };
        command.SetAction(arguments =>
        {
            var intents = IntentSchema.Load(arguments.GetRequiredValue(schema));
            var rows = QuestionFile.Convert(arguments.GetRequiredValue(input), intents, arguments.GetRequiredValue(question),
                arguments.GetValue(intent), Host.Of(arguments).Warn);
            AlpacaFile.Write(arguments.GetRequiredValue(output), rows);
            var found = rows.Select(row => row.Gold).Distinct().Count();
            arguments.InvocationConfiguration.Output.WriteLine(
                $"{rows.Count} rows of {found} of {intents.Intents.Count} intents -> {arguments.GetRequiredValue(output)}");
        });
        return command;
    }
}
