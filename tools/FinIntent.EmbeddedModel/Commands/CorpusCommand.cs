using System.CommandLine;
using System.Text.Json;
using FinIntent.EmbeddedModel.Pretraining;

namespace FinIntent.EmbeddedModel.Commands;

static class CorpusCommand
{
    public static Command Build()
    {
        var mix = new PretrainingMix();
        var sources = new SourceOptions();
        var laws = new Option<int>("--law-characters")
        {
            Description = "About how many characters of laws.",
            DefaultValueFactory = _ =>
            mix.LawCharacters
        };
        var finance = new Option<int>("--finance-repeats")
        {
            Description = "Times each finance text occurs.",
            DefaultValueFactory = _ =>
            mix.FinanceRepeats
        };
        var passes = new Option<int>("--teach-passes")
        {
            Description = "Times each question occurs, with new names.",
            DefaultValueFactory = _ => mix.TeachPasses
        };
        var output = new Option<string>("--out") { Description = "JSONL of {\"text\"} rows.", Required = true };
        var command = sources.AddTo(new Command("corpus", "Write pretraining documents.") { laws, finance, passes, output });
        command.SetAction(arguments =>
        {
            var read = sources.Read(arguments);
            var documents = new PretrainingText(read.Corpus, read.Teach, read.Names, read.Leaks).Documents(
                new()
                {
                    LawCharacters = arguments.GetRequiredValue(laws),
                    FinanceRepeats = arguments.GetRequiredValue(finance),
                    TeachPasses = arguments.GetRequiredValue(passes),
                },
                read.Seed);
            var path = arguments.GetRequiredValue(output);
            JsonLine.Write(path, documents.Select(text => JsonSerializer.Serialize(new { text }, JsonLine.Options)));
            Console.WriteLine($"{path}: {documents.Count} documents, {documents.Sum(d => (long)d.Length)} characters; " +
                $"{read.Leaks.Dropped} texts dropped as too near to reserved questions");
        });
        return command;
    }
}
