using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Hub;
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
        var convert = new Command("convert", "Write other formats as Alpaca rows.") { openFinData, DataRows.Build() };
        return new("data", "Prepare data.") { convert, DataPull.Build(), Leaks(), DataStats.Build(), DataSplit.Build(), DataCard.Build(), DataGenerate.Build() };
    }

    static Command Leaks()
    {
        var rows = new Option<string[]>("--rows") { Description = "Files of training rows.", Required = true, AllowMultipleArgumentsPerToken = true };
        var questions = new Option<string[]>("--questions") { Description = "Files of evaluation questions.", Required = true, AllowMultipleArgumentsPerToken = true };
        var schema = new Option<string?>("--schema") { Description = "The file of intents, whose words tell the questions inside prompts." };
        var command = new Command("leaks", "List the training rows that ask what evaluation questions ask, or nearly so; ends with 1 if there are any.") { rows, questions, schema };
        command.SetAction(arguments =>
        {
            var report = new LeakReport();
            var wording = arguments.GetValue(schema) is { } intents ? IntentSchema.Load(intents).Wording : null;
            var check = new LeakCheck(
                [.. arguments.GetRequiredValue(questions).SelectMany(file => LeakCheck.QuestionsOf(file, wording))], wording);
            var read = arguments.GetRequiredValue(rows).Sum(file => check.Compare(file, report));
            var output = arguments.InvocationConfiguration.Output;
            foreach (var line in report.Lines) output.WriteLine(line);
            if (report.Count > report.Kept) output.WriteLine($"… and {report.Count - report.Kept:N0} more");
            output.WriteLine($"{report.Count} leaks in {read:N0} rows, of {report.QuestionCount:N0} of {check.Count:N0} questions");
            return report.Count > 0 ? 1 : 0;
        });
        return command;
    }
}
