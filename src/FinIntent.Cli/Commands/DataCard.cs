using FinIntent.Curation;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class DataCard
{
    public static Command Build()
    {
        var files = Options.Several("FILE|NAME",
            "Files of labelled rows, or names in dataset_info.json; examples are taken from the first.");
        var output = Options.Required<string>("--out", "The card to write, README.md in a hub's repository.");
        var folder = Options.Of("--dataset-dir", "The folder with dataset_info.json.", "data");
        var schema = Options.Of<string?>("--schema", "The file of intents: name, language and what each intent means.");
        var name = Options.Of<string?>("--name", "The data set's name; without it the schema's, else the first file's.");
        var licence = Options.Of("--license", "A hub's word for the licence, such as apache-2.0 or cc-by-4.0.", "other");
        var language = Options.Among("--language", "zh or en; without it the schema's, else that of most questions.", ["zh", "en"]);
        var command = new Command("card", "Write a dataset card from the rows.") { files, output, folder, schema, name, licence, language };
        command.SetAction(arguments =>
        {
            var intents = arguments.GetValue(schema) is { } path ? IntentSchema.Load(path) : null;
            var here = Host.Of(arguments);
            var rows = LabelledFiles.Read(arguments.GetRequiredValue(files), arguments.GetRequiredValue(folder), intents, here);
            var words = arguments.GetValue(language) switch
            {
                "zh" => SchemaLanguage.Chinese,
                "en" => SchemaLanguage.English,
                _ => intents?.Language ?? LanguageOf(rows),
            };
            var called = arguments.GetValue(name) ?? intents?.Name ?? Path.GetFileNameWithoutExtension(rows[0].Name);
            var card = new Curation.DataCard(called, arguments.GetRequiredValue(licence), words, intents).Of(rows);
            AtomicFile.WriteText(arguments.GetRequiredValue(output), card);
            here.Output.WriteLine($"{rows.Sum(file => file.Rows.Count):N0} rows -> {arguments.GetRequiredValue(output)}");
        });
        return command;
    }

    static SchemaLanguage LanguageOf(IReadOnlyList<RowFile> files)
    {
        var questions = files.SelectMany(file => file.Rows).Select(row => row.Question).ToList();
        var chinese = questions.Count(question => question.Any(c => c is >= '\u4E00' and <= '\u9FFF'));
        return 2 * chinese >= questions.Count ? SchemaLanguage.Chinese : SchemaLanguage.English;
    }
}
