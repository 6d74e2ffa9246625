using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Jobs.Starter;

namespace FinIntent.Cli.Commands;

static class InitCommand
{
    const int FewestIntents = 2, MostLetters = 26, MostNames = 200;

    public static Command Build()
    {
        var folder = new Argument<string>("DIR") { Description = "The folder to write." };
        var language = Options.Among("--language", "zh or en: of the prompt, the sample rows and the comments.", ["zh", "en"], "zh");
        var labels = Options.Among("--labels", "What the model answers: letters (up to 26 intents) or names (up to 200); " +
            "without it letters where they suffice.", ["letters", "names"]);
        var name = Options.Of<string?>("--name", "Of the schema and the data sets; without it the folder's.");
        var intents = Options.Of<string?>("--intents",
            "The intents' names with commas between, 2 to 200; without it five samples with real rows.");
        var count = Options.Of<int?>("--count", "That many intents with names to replace.");
        var model = Options.Of<string?>("--model", "The model in the YAML files; without it the embedded one.");
        var template = Options.Of<string?>("--template", "Its chat template; without it default, or qwen for another model.");
        var command = new Command("init", "Write a starting folder for intents of your own: schema, sample rows, settings files.")
            { folder, language, labels, name, intents, count, model, template };
        command.SetAction(arguments =>
        {
            var path = arguments.GetRequiredValue(folder);
            var names = Names(arguments.GetValue(intents), arguments.GetValue(count), arguments.GetRequiredValue(language));
            var starter = new StarterFolder(path)
            {
                Name = NameOf(arguments.GetValue(name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))),
                Language = arguments.GetRequiredValue(language) == "en" ? SchemaLanguage.English : SchemaLanguage.Chinese,
                Labels = LabelsOf(arguments.GetValue(labels), names?.Count ?? 0),
                Intents = names,
                Model = arguments.GetValue(model) ?? ProjectFolder.EmbeddedModel(),
                Template = arguments.GetValue(template) ?? (arguments.GetValue(model) is null ? "default" : "qwen"),
            };
            arguments.InvocationConfiguration.Output.Write(starter.Write());
        });
        return command;
    }

    /// <summary>Returns the names that are asked for; null stands for the sample intents.</summary>
    static IReadOnlyList<string>? Names(string? intents, int? count, string language)
    {
        if (intents is not null && count is not null)
            throw new UserErrorException($"--count {count}: --intents names them, too; give one of them");
        IReadOnlyList<string>? names = intents?.Split([',', '，'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            ?? (count is { } n and >= 0 and <= MostNames
                ? [.. Enumerable.Range(1, n).Select(i => language == "en" ? $"intent {i}" : $"意图{i}")] : null);
        if (names?.Count is < FewestIntents or > MostNames || (count is not null && names is null))
            throw new UserErrorException(
                $"{(intents is null ? "--count" : "--intents")}: {names?.Count ?? count} intents; give {FewestIntents} to {MostNames}");
        if (names?.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserErrorException($"--intents: \"{twice.Key}\" occurs {twice.Count()} times; names must differ");
        return names;
    }

    static LabelKind LabelsOf(string? given, int count)
    {
        if (given == "letters" && count > MostLetters)
            throw new UserErrorException($"--labels letters: there are {MostLetters} letters and {count} intents; use --labels names");
        return given == "names" || count > MostLetters ? LabelKind.Names : LabelKind.Letters;
    }

    static string NameOf(string name) => name.Length > 0 && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_')
        ? name
        : throw new UserErrorException($"--name \"{name}\": it is a word for files and data sets; give one of letters, digits, - and _");
}
