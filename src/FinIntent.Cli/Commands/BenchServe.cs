using FinIntent.Server.Load;

namespace FinIntent.Cli.Commands;

/// <summary>finintent bench serve.</summary>
static class BenchServe
{
    public static Command Build()
    {
        var url = Options.Of<string?>("--url",
            "A server that runs, such as http://127.0.0.1:8080; without it one is started with --model.");
        var model = Options.Of<string?>("--model",
            "The model's folder; how many texts a second finintent classify labels with it is measured, too.");
        var words = new Argument<string[]>("arguments")
        {
            Description = "A settings file (the keys of classify) and key=value; behind --, flags of the server that is started.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var template = Options.Of("--template", "With --shape: the chat template; --model then names the tokenizer's folder.", "qwen");
        var json = Options.Of<string?>("--json", "Also write the numbers to this file.");
        var load = new LoadOptions();
        var command = new Command("serve", "Answers a second and their times of an intent server under load.")
        {
            url, model, template, json, words,
        };
        load.AddTo(command);
        var shape = new BenchOptions(command, writesRows: false, shape: null);
        command.SetAction(async (arguments, cancelled) =>
        {
            var here = Host.Of(arguments);
            using var stop = new StopRequest("stopping; once more to stop at once", here.Error);
            var server = ServeBenchServer.Of(LoadTarget.UrlOf(arguments.GetValue(url)), load.Key(arguments), arguments.GetValue(model),
                arguments.GetValue(words) ?? []) with
            {
                Random = shape.HasShape(arguments) ? new(shape.Model(arguments), arguments.GetValue(model)
                    ?? throw new UserErrorException("--shape: --model names the folder of the tokenizer"),
                    arguments.GetRequiredValue(template), load.Question(arguments).Adapters) : null,
            };
            var bench = new ServeBench(server, load.Texts(arguments), load.Question(arguments), load.Plan(arguments),
                outcome => here.Tell(LoadText.Line(outcome)));
            try
            {
                var result = await bench.Run(here, stop.Token);
                LoadText.Write(here.Output, result);
                if (arguments.GetValue(json) is { } path) result.WriteJson(path);
                return 0;
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                return 1;
            }
        });
        return command;
    }
}
