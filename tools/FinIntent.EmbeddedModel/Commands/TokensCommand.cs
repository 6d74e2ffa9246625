using System.CommandLine;
using FinIntent.EmbeddedModel.Tokenizing;
using FinIntent.Text;

namespace FinIntent.EmbeddedModel.Commands;

static class TokensCommand
{
    public static Command Build()
    {
        var model = new Option<string>("--model") { Description = "Folder with the tokenizer.", Required = true };
        var data = new Option<string>("--data") { Description = "JSONL of {\"text\"} or Alpaca rows.", Required = true };
        var output = new Option<string>("--out") { Description = "JSONL of {\"input_ids\", \"labels\"}, for tokenized_path.", Required = true };
        var cutoff = new Option<int>("--cutoff") { Description = "Tokens of a row.", DefaultValueFactory = _ => 512 };
        var command = new Command("tokens", "Write rows as token ids, as LLaMA-Factory's template default makes them.") { model, data, output, cutoff };
        command.SetAction(arguments =>
        {
            var rows = new TokenRows(Tokenizer.Load(arguments.GetRequiredValue(model)));
            var path = arguments.GetRequiredValue(output);
            long tokens = 0, labels = 0;
            var written = JsonLine.Write(path, rows.Read(arguments.GetRequiredValue(data), arguments.GetRequiredValue(cutoff)).Select(row =>
            {
                tokens += row.InputIds.Length;
                labels += row.Labels.LongCount(label => label >= 0);
                return $"{{\"input_ids\":[{string.Join(',', row.InputIds)}],\"labels\":[{string.Join(',', row.Labels)}]}}";
            }));
            Console.WriteLine($"{path}: {written} rows, {tokens} tokens ({(double)tokens / written:F1} a row), {labels} of them labels");
        });
        return command;
    }
}
