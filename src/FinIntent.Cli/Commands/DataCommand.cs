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
        var input = Options.Required<string>("--input", "The official file, intent_understanding.json.");
        var output = Options.Required<string>("--output", "The Alpaca file to write.");
        var openFinData = new Command("openfindata", "OpenFinData's intent questions as Alpaca rows in the words of training.")
            { input, output };
        openFinData.SetAction(arguments =>
        {
            var questions = OpenFinData.Read(arguments.GetRequiredValue(input));
            var target = arguments.GetRequiredValue(output);
            EvaluationNotice.Write(target);
            AlpacaFile.Write(target, questions);
            arguments.InvocationConfiguration.Output.WriteLine(
                $"{questions.Count} questions -> {target} (for evaluation only, as OpenFinData's notice asks)");
        });
        var convert = new Command("convert", "Write other formats as Alpaca rows.") { openFinData, DataRows.Build() };
        return new("data", "Prepare data.")
            { convert, DataPull.Build(), Leaks(), DataStats.Build(), DataSplit.Build(), DataCard.Build(), DataGenerate.Build() };
    }

    static Command Leaks()
    {
        var rows = Options.Words("--rows", "Files of training rows.", isRequired: true);
        var questions = Options.Words("--questions", "Files of evaluation questions.", isRequired: true);
        var command = new Command("leaks",
            "List the training rows that ask what evaluation questions ask, or nearly so; ends with 1 if there are any.")
            { rows, questions };
        command.SetAction(arguments =>
        {
            var report = new LeakReport();
            var check = new LeakCheck([.. arguments.GetRequiredValue(questions).SelectMany(file => LeakCheck.QuestionsOf(file))]);
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
