using FinIntent.Hub;

namespace FinIntent.Cli.Commands;

static class DownloadCommand
{
    public static Command Build()
    {
        var id = new Argument<string>("id")
        {
            Description = "owner/name or owner/name@revision, on Hugging Face or, with USE_MODELSCOPE_HUB=1, on ModelScope.",
        };
        var revision = Options.Of<string?>("--revision", "A branch, tag or commit; without it the main branch.");
        var dataset = Options.Of<bool>("--dataset", "The id is of a data set: all its files.");
        var patterns = Options.Of<string[]>("--include",
            "Only files that match, such as *.json or data/**; several may be given. Without it: of a model what this program reads.");
        var cache = Options.Of<string?>("--cache-dir",
            "Where files of hubs are kept, in place of the environment's folder (docs/download.md).");
        var command = new Command("download", "Fetch a model, an adapter or a data set from a hub, and print its folder.")
            { id, revision, dataset, patterns, cache };
        command.SetAction(arguments =>
        {
            var kind = arguments.GetValue(dataset) ? RepositoryKind.Dataset : RepositoryKind.Model;
            var name = arguments.GetRequiredValue(id);
            var repository = HubRepository.Parse(name, kind, arguments.GetValue(revision))
                ?? throw new UserErrorException($"{name}: give an id of the form owner/name, such as Qwen/Qwen2.5-7B-Instruct");
            var include = arguments.GetValue(patterns) ?? [];
            var choice = ChoiceOf(kind, include);
            var here = Host.Of(arguments);
            return StopRequest.Watch(here.Error, SettingsCommand.GoesOn, stop =>
            {
                var folder = (here with { Stop = stop }).Fetch(hub =>
                {
                    hub = hub.In(arguments.GetValue(cache));
                    return hub.Fetch(hub.Hubs.Preferred, repository, choice, isPart: include.Length > 0);
                });
                here.Output.WriteLine(Path.GetFullPath(folder));
            });
        });
        return command;
    }

    static FileChoice ChoiceOf(RepositoryKind kind, string[] include)
    {
        if (include.Length == 0) return kind == RepositoryKind.Model ? ModelFiles.Either : (listing, _) => [.. listing.Paths];
        return (listing, _) => listing.Paths.Where(path => include.Any(pattern => Matches(pattern, path))).ToList() is { Count: > 0 } files
            ? files
            : throw new UserErrorException(
                $"{listing.Repository}: --include {string.Join(" ", include)}: none of its {listing.Files.Count} files matches");
    }

    // A pattern without a folder is of names, wherever they are.
    static bool Matches(string pattern, string path) => HubGlob.IsMatch(pattern.Contains('/') ? pattern : "**/" + pattern, path);
}
