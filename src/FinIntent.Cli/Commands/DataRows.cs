using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Cli.Commands;

static class DataRows
{
    public static Command Build()
    {
        var schema = new Option<string>("--schema") { Description = "The file of intents (docs/intents.md).", Required = true };
        var input = new Option<string>("--input") { Description = "A .csv, .tsv, .jsonl, .json or .parquet file with a question and its intent, by name or label, in each row.", Required = true };
        var output = new Option<string>("--output") { Description = "The Alpaca file to write.", Required = true };
        var question = new Option<string>("--question") { Description = "The column with the question.", DefaultValueFactory = _ => "question" };
        var intent = new Option<string?>("--intent") { Description = "The column with the intent; without it gold, intent or label, whichever there is." };
        var command = new Command("rows", "Rows of questions and intents as Alpaca rows in the words of a schema, for training and evaluation.") { schema, input, output, question, intent };
        command.SetAction(arguments =>
        {
            var intents = IntentSchema.Load(arguments.GetRequiredValue(schema));
            var rows = QuestionFile.Convert(arguments.GetRequiredValue(input), intents, arguments.GetRequiredValue(question), arguments.GetValue(intent));
            AlpacaFile.Write(arguments.GetRequiredValue(output), rows);
            arguments.InvocationConfiguration.Output.WriteLine($"{rows.Count} rows of {rows.Select(r => r.Gold).Distinct().Count()} of {intents.Intents.Count} intents -> {arguments.GetRequiredValue(output)}");
        });
        return command;
    }
}
