using System.CommandLine;
using System.Text.Json;
using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Text;
using Spectre.Console;

namespace FinIntent.Cli.Commands;

static class InspectTokens
{
    static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    sealed record InspectedRow(int[] InputIds, int[] Labels, int[] PromptIds);

    public static Command Build(IAnsiConsole? console)
    {
        var model = new Option<string>("--model") { Description = "Folder with the model's tokenizer.", Required = true };
        var template = new Option<string>("--template") { Description = string.Join(", ", ChatTemplate.Names) + ".", Required = true };
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
            var tokenizer = Tokenizer.Load(arguments.GetRequiredValue(model));
            var options = new SupervisedOptions(
                arguments.GetValue(cutoff), arguments.GetValue(trainOnPrompt), arguments.GetValue(maskHistory));
            if (options.CutoffLength < 1) throw new UserErrorException($"--cutoff {options.CutoffLength}: must be 1 or more");
            var view = new TokenView(console ?? AnsiConsole.Console, tokenizer);
            var chat = ChatTemplate.Get(arguments.GetRequiredValue(template), tokenizer);
            Run(view, chat, arguments.GetRequiredValue(data), options, arguments.GetValue(json));
        });
        return command;
    }

    static void Run(TokenView view, ChatTemplate template, string path, SupervisedOptions options, string? json)
    {
        view.WriteLegend();
        using var file = json is null ? null : AtomicFile.Begin(json);
        var rows = 0;
        foreach (var (place, conversation) in Conversations(path))
        {
            var row = template.EncodeSupervised(conversation, options);
            view.WriteRow(place, row);
            if (file is not null)
            {
                file.Stream.Write(rows == 0 ? "[\n"u8 : ",\n"u8);
                var inspected = new InspectedRow(row.InputIds, row.Labels, template.EncodePrompt(conversation));
                JsonSerializer.Serialize(file.Stream, inspected, SnakeCase);
            }
            rows++;
        }
        if (rows == 0) throw new UserErrorException($"{path}: the file has no rows");
        file?.Stream.Write("\n]\n"u8);
        file?.Commit();
    }

    static IEnumerable<(string Place, Conversation Conversation)> Conversations(string path)
    {
        foreach (var row in DataFile.Read(path))
        {
            var (conversation, problem) = QuestionRow.Conversation(row);
            if (problem is not null || conversation is null) throw row.Error(problem!);
            if (conversation.Messages.Count % 2 != 0)
                throw row.Error("no answer in column \"output\", so there is nothing to train on; add it");
            yield return (row.Place, conversation);
        }
    }
}
