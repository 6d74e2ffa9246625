using System.CommandLine;
using FinIntent;
using FinIntent.EmbeddedModel.Commands;

var root = new RootCommand("Makes what the embedded model is trained from: its tokenizer, its pretraining text and its instruction rows.")
{
    TokenizerCommand.Build(),
    WeightsCommand.Build(),
    CorpusCommand.Build(),
    TeachCommand.Build(),
    StatisticsCommand.Build(),
    TinyCommand.Build(),
};

try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (UserErrorException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
