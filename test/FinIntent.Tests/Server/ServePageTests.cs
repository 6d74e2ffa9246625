using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FinIntent.Cli.Commands;
using FinIntent.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>docs/serve.md, held to the program: its flags, its routes, and each of its requests asked of a real server.</summary>
public sealed partial class ServePageTests
{
    static readonly string Page = File.ReadAllText(Path.Combine(Reference.Root, "docs", "serve.md"));

    /// <summary>The name that the page's model has, whose folder is demo_output/model.</summary>
    const string Name = "model";

    const string ApiKey = "a-key-of-the-page-for-callers", AdminKey = "a-key-of-the-page-for-administrators";

    [Fact]
    public void The_table_of_flags_has_each_flag_once_and_its_default()
    {
        var table = FlagRow().Matches(Page).ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value);
        Command command = new("serve");
        _ = new ServeFlags(command);

        Assert.Equal(command.Options.Select(option => option.Name).Append("--model").Order(StringComparer.Ordinal),
            table.Keys.Order(StringComparer.Ordinal));
        Assert.All(command.Options, option =>
        {
            if (NumberAtEnd().Match(option.Description!) is { Success: true } match)
                Assert.Equal(match.Groups[1].Value, table[option.Name]);
        });
    }

    [Fact]
    public async Task Every_route_of_the_server_is_on_the_page()
    {
        await using var server = IntentServer.Create(new() { Port = 0 });
        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(route => "/" + Parameter().Replace(route.RoutePattern.RawText!.Trim('/'), "NAME"))
            .Where(route => route is not "/v1/models/NAME");

        Assert.All(routes, route => Assert.Contains(route, Page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_request_of_the_page_is_answered_with_the_fields_that_the_page_shows()
    {
        await using var server = await RunningServer.StartAsync(new() { ServedModelName = Name });

        Assert.Equal(10, await Compare(server.Client, Example().Matches(Page).Where(example => !IsOfAdapters(example))));
    }

    [Fact]
    public async Task Every_request_about_adapters_is_answered_with_the_fields_that_the_page_shows()
    {
        using TemporaryFolder folder = new();
        foreach (var (i, version) in ((string[])["topics-1", "desks-1", "desks-2"]).Index()) TestAdapters.Write(folder[version], seed: i);
        var options = new ServeOptions
        {
            Adapters = [new("topics", folder["topics-1"]), new("desks", folder["desks-1"])],
            AdapterRoot = folder.Path,
            ApiKeyFile = folder.Write("keys", $"app {ApiKey}"),
            AdminKeyFile = folder.Write("admin-keys", $"ops {AdminKey}"),
        };
        await using var server = await RunningServer.StartAsync(options);

        Assert.Equal(2, await Compare(server.Client, Example().Matches(Page).Where(IsOfAdapters)));
    }

    static bool IsOfAdapters(Match example) => example.Value.Contains("KEY\"", StringComparison.Ordinal);

    /// <summary>Sends each request and returns how many there were.</summary>
    static async Task<int> Compare(HttpClient client, IEnumerable<Match> examples)
    {
        var asked = 0;
        foreach (var example in examples)
        {
            asked++;
            var (status, body) = await Ask(client, example.Groups[1].Value);

            Assert.True(status == HttpStatusCode.OK, $"{example.Groups[1].Value}\n{body}");
            if (example.Groups[2].Value == "json")
                Assert.Equal(Fields(JsonNode.Parse(example.Groups[3].Value)), Fields(JsonNode.Parse(body)));
            else Assert.EndsWith("data: [DONE]", body.TrimEnd(), StringComparison.Ordinal);
        }
        return asked;
    }

    /// <summary>Sends what a line for curl says: a method, an address, a key, and a body between single quotes.</summary>
    static async Task<(HttpStatusCode Status, string Body)> Ask(HttpClient client, string line)
    {
        var stop = TestContext.Current.CancellationToken;
        var call = Curl().Match(line);
        Assert.True(call.Success, line);
        var (method, path, key, body) = (call.Groups[1].Value, call.Groups[2].Value, call.Groups[3].Value, call.Groups[4].Value);
        using HttpRequestMessage request = new(method.Length > 0 ? new(method) : body.Length > 0 ? HttpMethod.Post : HttpMethod.Get, path);
        if (body.Length > 0) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key.Length > 0) request.Headers.Authorization = new("Bearer", key == "KEY" ? ApiKey : AdminKey);
        using var answer = await client.SendAsync(request, stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(stop));
    }

    /// <summary>The names of a JSON text's fields with what leads to them; the items of a list count as one.</summary>
    static IReadOnlyList<string> Fields(JsonNode? node) => [.. Within(node, "").Distinct().Order(StringComparer.Ordinal)];

    static IEnumerable<string> Within(JsonNode? node, string path) => node switch
    {
        JsonObject map => map.SelectMany(field => Within(field.Value, $"{path}.{field.Key}").Prepend($"{path}.{field.Key}")),
        JsonArray list => list.SelectMany(item => Within(item, $"{path}[]")),
        _ => [],
    };

    [GeneratedRegex(@"^\| `(--[a-z-]+)` \| ([^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex FlagRow();

    [GeneratedRegex(@"Default: ([0-9][0-9.]*)\.$")]
    private static partial Regex NumberAtEnd();

    [GeneratedRegex(@"\{[a-z]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^(curl [^\n]+)\n```\n\n```(json|text)\n(.+?)\n```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("^curl (?:-N )?(?:-X ([A-Z]+) )?localhost:8080(/[a-z0-9/]+)(?: -H \"Authorization: Bearer [$]([A-Z_]+)\")?" +
        "(?: -H 'Content-Type: application/json' -d '([^']+)')?$")]
    private static partial Regex Curl();
}
