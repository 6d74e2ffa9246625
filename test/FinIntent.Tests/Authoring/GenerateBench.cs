using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Authoring;
using FinIntent.Cli.Commands;
using FinIntent.Data.Rows;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Tests.ApiModels;

namespace FinIntent.Tests.Authoring;

/// <summary>`finintent data generate` in this process, against a server on this machine that a scripted model answers behind.</summary>
sealed class GenerateBench : IDisposable
{
    const string Schema = """
        name: three
        language: zh
        labels: letters
        intents:
          - name: 行业板块问询
            description: 问某个行业或概念的行情与前景。
            examples: [半导体板块还会跌多久]
            borderline: [问行业主题的基金怎么选，算基金]
          - name: 个股问询
            description: 问一家点名的公司。
            examples: [招商银行现在能买吗]
          - name: 基金问询
            description: 问基金的挑选与收益。
            examples: [债基最近怎么在跌]
        """;

    readonly TemporaryFolder _folder = new();

    public GenerateBench(double faster = 200)
    {
        Time = new(faster);
        Server = ApiServer.Start(ApiKind.Ollama, Time);
        Server.QuestionIn = prompt => prompt;
        Server.AnswerOf = Model.Answer;
        _folder.Write("schema.yaml", Schema);
        _folder.Write("generate.yaml", $$"""
            api: ollama
            api_model: m-1
            api_base: {{Server.Url}}
            api_timeout: 1000
            intent_schema: {{_folder["schema.yaml"]}}
            output_dir: {{Output}}
            rows: 60
            class_shares: {行业板块问询: 1, 个股问询: 2, 基金问询: 3}
            length_shares: {4-8: 0.3, 9-15: 0.5, 16-40: 0.2}
            """);
    }

    public ApiServer Server { get; }

    public FastTime Time { get; }

    public ScriptedModel Model { get; } = new();

    public string Output => _folder["out"];

    public string this[string name] => _folder[name];

    public string File(string name) => Path.Combine(Output, name);

    public string Write(string name, string text) => _folder.Write(name, text);

    public Task<(int Code, string Output, string Error)> Run(params string[] more) => Run(Time, more);

    public async Task<(int Code, string Output, string Error)> Run(TimeProvider time, params string[] more)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var console = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false };
        var code = await DataGenerate.Build(time).Parse([_folder["generate.yaml"], .. more])
            .InvokeAsync(console, Xunit.TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    public IReadOnlyList<EvaluationQuestion> Rows(string name = "rows.json") => QuestionFile.Load(File(name));

    public IReadOnlyList<JsonElement> Provenance =>
        [.. System.IO.File.ReadLines(File("provenance.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    public IReadOnlyList<JournalRecord> Journal =>
        [.. System.IO.File.ReadLines(File("journal.jsonl")).Select(line => JournalRecord.Parse(line, "journal"))];

    /// <summary>The files that tell the rows.</summary>
    public Dictionary<string, string> Results =>
        ((string[])["rows.json", "provenance.jsonl", "review.csv", "README.md", "dataset_info.json"])
        .ToDictionary(name => name, name => System.IO.File.ReadAllText(File(name)));

    public void Dispose()
    {
        Server.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A clock that stands still.</summary>
sealed class StandingTime : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
}
