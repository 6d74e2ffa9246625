using System.CommandLine;
using FinIntent.Cli.Commands;
using FinIntent.Server;
using FinIntent.Server.Protection;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Deploy;

/// <summary>How the files in deploy/ start `finintent serve`, read by the program's own flags.</summary>
static class ServeCalls
{
    public static readonly string Folder = Path.Combine(Reference.Root, "deploy");

    /// <summary>The server goes on so long after --drain-timeout.</summary>
    public static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(5);

    public static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    public static YamlNode Yaml(string file)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Read(file)));
        return Assert.Single(stream.Documents).RootNode;
    }

    /// <summary>What a call sets.</summary>
    /// <param name="words">The words behind `finintent serve`.</param>
    public static ServeOptions Options(IEnumerable<string> words)
    {
        var command = new Command("serve") { new Option<string?>("--model") };
        var flags = new ServeFlags(command);
        var call = command.Parse([.. words]);
        Assert.Empty(call.Errors);
        Assert.False(string.IsNullOrEmpty(call.GetValue<string?>("--model")));
        return flags.Read(call);
    }

    /// <summary>Others can reach the server, and it would start: it has keys, and names that it answers to. Nobody can change its adapters.
    /// </summary>
    public static void CheckProtection(ServeOptions options)
    {
        ProtectionChecks.Check(options);
        Assert.False(options.IsLoopback);
        Assert.NotNull(options.ApiKeyFile);
        Assert.Null(options.AdminKeyFile);
    }
}
