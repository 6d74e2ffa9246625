using FinIntent.Authoring;
using FinIntent.Cli.Commands;
using FinIntent.Tests.Cli;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class LocalGenerateTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    string Settings => _tiny.Write("generate.yaml", $$"""
        api: anthropic
        api_model: m-1
        api_price_input: 3
        api_price_output: 15
        judge: same
        intent_schema: {{_tiny.Write("schema.yaml", "name: two\nlanguage: en\nlabels: names\nintents:\n  - name: card lost\n    description: A card is lost.\n  - name: top up\n    description: Adding money.\n")}}
        output_dir: {{_tiny["out"]}}
        rows: 8
        rows_per_request: 2
        stalled_rounds: 2
        max_new_tokens: 24
        """);

    [Fact]
    public async Task A_model_folder_is_asked_without_a_key_and_is_given_up_when_it_writes_no_rows()
    {
        var (code, output) = await Run();

        Assert.Equal(1, code);
        Assert.Contains("0/8 rows", output);
        Assert.Contains("cost 0", output);
        Assert.Contains("2 rounds in a row brought no row (stalled_rounds)", output);
        var journal = File.ReadLines(Path.Combine(_tiny["out"], "journal.jsonl")).Select(line => JournalRecord.Parse(line, "")).ToList();
        var answers = journal.Where(r => r.Kind == JournalKind.Answer).ToList();
        Assert.Equal(8, answers.Count);
        Assert.All(answers, answer => Assert.InRange(answer.OutputTokens!.Value, 1, 24));
        Assert.Equal(8, answers.Select(answer => answer.Text).Distinct().Count());

        // Draws depend on the request: anew, the model writes the same.
        await Run("overwrite_output_dir=true");
        var again = File.ReadLines(Path.Combine(_tiny["out"], "journal.jsonl")).Select(line => JournalRecord.Parse(line, ""))
            .Where(r => r.Kind == JournalKind.Answer);
        Assert.Equal(answers.Select(a => (a.Id, a.Text)), again.Select(a => (a.Id, a.Text)));
    }

    [Fact]
    public void A_folder_must_be_named() => Assert.Contains("model_name_or_path is missing",
        Assert.Throws<UserErrorException>(() => CommandLine.Run(DataGenerate.Build(), Settings, "--local")).Message);

    async Task<(int, string)> Run(params string[] more)
    {
        var output = new StringWriter();
        var code = await DataGenerate.Build()
            .Parse([Settings, "--local", $"model_name_or_path={_tiny.Model}", "top_k=0", "top_p=1", .. more])
            .InvokeAsync(new() { Output = output, Error = TextWriter.Null, EnableDefaultExceptionHandler = false },
                TestContext.Current.CancellationToken);
        return (code, output.ToString());
    }
}
