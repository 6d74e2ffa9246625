using FinIntent.Curation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Text;

namespace FinIntent.Cli.Commands;

static class DataStats
{
    const int Seed = 42;

    public static Command Build()
    {
        var files = Options.Several("FILE|NAME", "Files of labelled rows, or names in dataset_info.json.");
        var folder = Options.Of("--dataset-dir", "The folder with dataset_info.json.", "data");
        var schema = Options.Of<string?>("--schema", "The file of intents, for rows that list no options.");
        var model = Options.Of<string?>("--model",
            "The model whose tokenizer counts and whose states judge labels; without it the embedded one.");
        var template = Options.Words("--template",
            "Templates to count tokens in, the first also to judge labels in; without it the model's own.", isRequired: false);
        var folds = Options.Of("--folds", "Parts for cross-validation of the labels; 0: labels are not judged.", 5);
        var confidence = Options.Of("--confidence", "Probability from which a disagreement is told.", 0.8);
        var json = Options.Of<string?>("--json", "Also write all numbers, all duplicates and all doubts to this file.");
        var command = new Command("stats", "Classes, lengths, duplicates and suspicious labels of labelled rows.")
            { files, folder, schema, model, template, folds, confidence, json };
        command.SetAction(arguments =>
        {
            var judging = (Folds: arguments.GetValue(folds), Confidence: arguments.GetValue(confidence));
            if (judging.Folds is < 0 or 1)
                throw new UserErrorException($"--folds {judging.Folds}: give 2 or more, or 0 to leave labels unjudged");
            var intents = arguments.GetValue(schema) is { } file ? IntentSchema.Load(file) : null;
            var here = Host.Of(arguments);
            var rows = LabelledFiles.Read(arguments.GetRequiredValue(files), arguments.GetRequiredValue(folder), intents, here);
            string[] given = arguments.GetValue(template) ?? [];
            var source = Source(arguments.GetValue(model), given.FirstOrDefault());
            var tokenizer = Tokenizer.Load(source.Model);
            string[] names = given.Length > 0 ? given : [source.TemplateName];
            var stats = RowStats.Of(rows, [.. names.Select(name => ChatTemplate.Get(name, tokenizer))]);
            if (judging.Folds > 0) stats = stats with { Labels = Judge(source, here, rows, judging.Folds, judging.Confidence) };
            arguments.InvocationConfiguration.Output.Write(new RowStatsText(rows).Of(stats));
            if (arguments.GetValue(json) is { } path) RowStatsJson.Write(path, stats, rows);
        });
        return command;
    }

    /// <summary>Returns the model that is named, else the embedded one, whose template is called default.</summary>
    static ChatModelSource Source(string? model, string? template) => model is null
        ? new(ProjectFolder.EmbeddedModel(), []) { Template = template ?? "default" } : new(model, []) { Template = template };

    static HeldOutLabels Judge(ChatModelSource source, Surroundings here, IReadOnlyList<RowFile> files, int folds, double confidence)
    {
        var rows = files.SelectMany(file => file.Rows).ToList();
        string[] questions = [.. rows.Select(row => row.Question)];
        using var chat = ChatModel.Load(source, here.Device.Value);
        using var features = FrozenFeatures.Of(chat, questions);
        return LabelDoubts.Find(features, questions, [.. rows.Select(row => row.Intent)], NearDuplicates.Groups(questions), folds,
            confidence, Seed);
    }
}
