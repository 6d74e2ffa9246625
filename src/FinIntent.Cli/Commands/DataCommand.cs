using System.CommandLine;
using FinIntent.Data;
using FinIntent.Intents;

namespace FinIntent.Cli.Commands;

static class DataCommand
{
    public static Command Build()
    {
        var input = new Option<string>("--input") { Description = "The official file, intent_understanding.json.", Required = true };
        var output = new Option<string>("--output") { Description = "The Alpaca file to write.", Required = true };
        var openFinData = new Command("openfindata", "OpenFinData's intent questions as Alpaca rows in the words of training.") { input, output };
        openFinData.SetAction(arguments =>
        {
            var questions = OpenFinData.Read(arguments.GetRequiredValue(input));
            EvaluationNotice.Write(arguments.GetRequiredValue(output));
            AlpacaFile.Write(arguments.GetRequiredValue(output), questions);
            Console.WriteLine($"{questions.Count} questions -> {arguments.GetRequiredValue(output)} (for evaluation only, as OpenFinData's notice asks)");
        });
        return new("data", "Prepare data.") { new Command("convert", "Write other formats as Alpaca rows.") { openFinData } };
    }
}
