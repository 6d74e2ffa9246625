using System.Globalization;
using System.Text.RegularExpressions;
using FinIntent.Server;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>deploy/nginx/finintent.conf.</summary>
public sealed partial class NginxTests
{
    static readonly IReadOnlyList<string> Directives = [.. Directive()
        .Matches(Comment().Replace(ServeCalls.Read("nginx/finintent.conf"), "")).Select(match => match.Groups[1].Value.Trim())];

    [Fact]
    public void A_body_that_nginx_lets_in_is_as_large_as_the_server_takes()
    {
        var megabytes = int.Parse(Only("client_max_body_size").TrimEnd('m'), CultureInfo.InvariantCulture);

        Assert.Equal(new ServeOptions().MaxBodyMb, megabytes);
    }

    [Fact]
    public void Pieces_of_an_answer_are_passed_on_at_once_over_connections_that_stay()
    {
        Assert.Equal("off", Only("proxy_buffering"));
        Assert.Equal("1.1", Only("proxy_http_version"));
        Assert.Contains("proxy_set_header Connection \"\"", Directives);
        Assert.True(int.Parse(Only("keepalive"), CultureInfo.InvariantCulture) > 0);
    }

    [Fact]
    public void Requests_go_to_the_port_of_the_server_under_the_name_that_the_caller_used()
    {
        Assert.Equal($"127.0.0.1:{ServeOptions.DefaultPort}", Only("server"));
        Assert.Contains("proxy_set_header Host $host", Directives);
        // The comment tells the flag that goes with it.
        Assert.Contains($"--allowed-hosts {Only("server_name")}", ServeCalls.Read("nginx/finintent.conf"));
    }

    static string Only(string name) =>
        Assert.Single(Directives, directive => directive.StartsWith(name + ' ', StringComparison.Ordinal))[(name.Length + 1)..];

    [GeneratedRegex("#.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"([^;{}]+)[;{]")]
    private static partial Regex Directive();
}
