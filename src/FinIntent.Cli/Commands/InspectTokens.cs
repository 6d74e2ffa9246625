using FinIntent.Jobs.Inspect;
using Spectre.Console;

namespace FinIntent.Cli.Commands;

static class InspectTokens
{
    public static Command Build(IAnsiConsole? console)
    {
        var model = Options.Required<string>("--model", "Folder with the model's tokenizer.");
        var template = Options.Required<string>("--template", string.Join(", ", TokensJob.Templates) + ".");
        var data = Options.Required<string>("--data", "A file of Alpaca rows or conversations, or a name in dataset_info.json.");
        var folder = Options.Of("--dataset-dir", "The folder with dataset_info.json.", "data");
        var cutoff = Options.Of("--cutoff", "Most tokens of a row.", 2048);
        var trainOnPrompt = Options.Of<bool>("--train-on-prompt", "The questions are labels too.");
        var maskHistory = Options.Of<bool>("--mask-history", "Only the last answer is a label.");
        var json = Options.Of<string?>("--json", "Also write [{input_ids, labels, prompt_ids}] to this file.");
        var command = new Command("tokens", "Show rows as the model reads them, what is trained on and what is not.")
            { model, template, data, folder, cutoff, trainOnPrompt, maskHistory, json };
        command.SetAction(arguments =>
        {
            var job = TokensJob.Open(arguments.GetRequiredValue(model), arguments.GetRequiredValue(template), arguments.GetValue(cutoff),
                arguments.GetValue(trainOnPrompt), arguments.GetValue(maskHistory));
            if (job.Note is { } note) Console.Error.WriteLine(note);
            var view = new TokenView(console ?? Screen.Output);
            view.WriteLegend();
            job.Run(arguments.GetRequiredValue(data), arguments.GetRequiredValue(folder), arguments.GetValue(json), view.WriteRow);
        });
        return command;
    }
}
