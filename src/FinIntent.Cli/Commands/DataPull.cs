using FinIntent.Data.Sources;
using FinIntent.Hub;

namespace FinIntent.Cli.Commands;

/// <summary>finintent data pull openfindata.</summary>
static class DataPull
{
    public static Command Build()
    {
        var official = OpenFinDataRelease.Official;
        var input = Options.Of<string?>("--input", "The release's zip, where it is on this machine already.");
        var output = Options.Of("--output", "The Alpaca file to write; the official file is put beside it.",
            Path.Combine("data", "openfindata.json"));
        var url = Options.Of("--url", "Where the zip is.", official.Zip.Address.AbsoluteUri);
        var md5 = Options.Of("--md5", "What it must come to.", official.Zip.Digest.Hex);
        var size = Options.Of<long?>("--size", "Its bytes; without it the server's word is held against what comes.");
        var openFinData = new Command("openfindata", "OpenFinData's intent questions from its official release, as evaluation rows.")
            { input, output, url, md5, size };
        openFinData.SetAction(arguments =>
        {
            if (!Uri.TryCreate(arguments.GetValue(url), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new UserErrorException(
                    $"--url {arguments.GetValue(url)}: not an address of http or https; a zip of this machine is given as --input");
            var digest = new FileDigest(DigestKind.Md5, arguments.GetValue(md5)!.ToLowerInvariant());
            var questions = digest == official.Zip.Digest ? official.Questions : null;
            var release = new OpenFinDataRelease(new(address, digest, arguments.GetValue(size)), questions);
            var (console, target) = (arguments.InvocationConfiguration, arguments.GetValue(output)!);
            var (count, source) = (0, "");
            DownloadProgress.Show(console.Error, context =>
                (count, source) = release.Pull(arguments.GetValue(input), target, HubChoice.FromEnvironment().HuggingFace, context));
            console.Output.WriteLine(
                $"{count} questions -> {target} (for evaluation only, as OpenFinData's notice asks); the official file: {source}");
        });
        return new("pull", "Fetch data that others publish.") { openFinData };
    }
}
