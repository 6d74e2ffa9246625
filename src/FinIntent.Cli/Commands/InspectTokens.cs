using FinIntent.Jobs.Inspect;
using Spectre.Console;

namespace FinIntent.Cli.Commands;

static class InspectTokens
{
    public static Command Build(IAnsiConsole? console)
    {
        var model = new Option<string>("--model") { Description = "Folder with the model's tokenizer.", Required = true };
        var template = new Option<string>("--template") { Description = string.Join(", ", TokensJob.Templates) + ".", Required = true };
        var data = new Option<string>("--data") { Description = "Rows with instruction, input, output, system and history.", Required = true };
        var cutoff = new Option<int>("--cutoff") { Description = "Most tokens of a row.", DefaultValueFactory = _ => 2048 };
        var trainOnPrompt = new Option<bool>("--train-on-prompt") { Description = "The questions are labels too." };
        var maskHistory = new Option<bool>("--mask-history") { Description = "Only the last answer is a label." };
        var json = new Option<string?>("--json") { Description = "Also write [{input_ids, labels, prompt_ids}] to this file." };
        var command = new Command("tokens", "Show rows as the model reads them, what is trained on and what is not.")
        {
            model, template, data, cutoff, trainOnPrompt, maskHistory, json,
        };
        command.SetAction(arguments =>
        {
            var job = TokensJob.Open(arguments.GetRequiredValue(model), arguments.GetRequiredValue(template), arguments.GetValue(cutoff),
                arguments.GetValue(trainOnPrompt), arguments.GetValue(maskHistory));
            var view = new TokenView(console ?? AnsiConsole.Console);
            view.WriteLegend();
            job.Run(arguments.GetRequiredValue(data), arguments.GetValue(json), view.WriteRow);
        });
        return command;
    }
}
