using FinIntent.Data.Sources;
using FinIntent.Hub;

namespace FinIntent.Cli.Commands;

/// <summary>finintent data pull openfindata.</summary>
static class DataPull
{
    public static Command Build()
    {
        var official = OpenFinDataRelease.Official;
        var input = new Option<string?>("--input") { Description = "The release's zip, where it is on this machine already." };
        var output = new Option<string>("--output") { Description = "The Alpaca file to write; the official file is put beside it.", DefaultValueFactory = _ => Path.Combine("data", "openfindata.json") };
        var url = new Option<string>("--url") { Description = "Where the zip is.", DefaultValueFactory = _ => official.Zip.Address.AbsoluteUri };
        var md5 = new Option<string>("--md5") { Description = "What it must come to.", DefaultValueFactory = _ => official.Zip.Digest.Hex };
        var size = new Option<long?>("--size") { Description = "Its bytes; without it the server's word is held against what comes." };
        var openFinData = new Command("openfindata", "OpenFinData's intent questions from its official release, as evaluation rows.") { input, output, url, md5, size };
        openFinData.SetAction(arguments =>
        {
            if (!Uri.TryCreate(arguments.GetValue(url), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new UserErrorException($"--url {arguments.GetValue(url)}: not an address of http or https; a zip of this machine is given as --input");
            var digest = new FileDigest(DigestKind.Md5, arguments.GetValue(md5)!.ToLowerInvariant());
            var release = new OpenFinDataRelease(new(address, digest, arguments.GetValue(size)), digest == official.Zip.Digest ? official.Questions : null);
            var (console, target) = (arguments.InvocationConfiguration, arguments.GetValue(output)!);
            var (count, source) = (0, "");
            DownloadProgress.Show(console.Error, context =>
                (count, source) = release.Pull(arguments.GetValue(input), target, HubChoice.FromEnvironment().HuggingFace, context));
            console.Output.WriteLine($"{count} questions -> {target} (for evaluation only, as OpenFinData's notice asks); the official file: {source}");
        });
        return new("pull", "Fetch data that others publish.") { openFinData };
    }
}
