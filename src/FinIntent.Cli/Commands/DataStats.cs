using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
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
        var files = new Argument<string[]>("FILE|NAME") { Description = "Files of labelled rows, or names in dataset_info.json.", Arity =
            ArgumentArity.OneOrMore };
        var folder = new Option<string>("--dataset-dir") { Description = "The folder with dataset_info.json.", DefaultValueFactory = _ =>
            "data" };
        var schema = new Option<string?>("--schema") { Description = "The file of intents, for rows that list no options." };
        var model = new Option<string?>("--model") { Description =
            "The model whose tokenizer counts and whose states judge labels; without it the embedded one." };
        var template = new Option<string[]>("--template") { Description =
            "Templates to count tokens in, the first also to judge labels in; without it the model's own.",
            AllowMultipleArgumentsPerToken = true };
        var folds = new Option<int>("--folds") { Description =
            "Parts for cross-validation of the labels; 0: labels are not judged.", DefaultValueFactory = _ => 5 };
        var confidence = new Option<double>("--confidence") { Description =
            "Probability from which a disagreement is told.", DefaultValueFactory = _ => 0.8 };
        var json = new Option<string?>("--json") { Description = "Also write all numbers, all duplicates and all doubts to this file." };
        var command = new Command("stats", "Classes, lengths, duplicates and suspicious labels of labelled rows.") { files, folder, schema,
            model, template, folds, confidence, json };
        command.SetAction(arguments =>
        {
            var judging = (Folds: arguments.GetValue(folds), Confidence: arguments.GetValue(confidence));
            if (judging.Folds is < 0 or 1)
                throw new UserErrorException($"--folds {judging.Folds}: give 2 or more, or 0 to leave labels unjudged");
            var intents = arguments.GetValue(schema) is { } file ? IntentSchema.Load(file) : null;
            var here = Host.Of(arguments);
            List<RowFile> rows =
            [
                .. arguments.GetRequiredValue(files)
                    .Select(word => new RowFile(word, QuestionFile.FindLabelled(word, arguments.GetRequiredValue(folder), intents, Fetch))),
            ];
            string[] given = arguments.GetValue(template) ?? [];
            var source = Source(arguments.GetValue(model), given.FirstOrDefault());
            var tokenizer = Tokenizer.Load(source.Model);
            string[] names = given.Length > 0 ? given : [source.TemplateName];
            var stats = RowStats.Of(rows, [.. names.Select(name => ChatTemplate.Get(name, tokenizer))]);
            if (judging.Folds > 0) stats = stats with { Labels = Judge(source, here, rows, judging.Folds, judging.Confidence) };
            arguments.InvocationConfiguration.Output.Write(new RowStatsText(rows).Of(stats));
            if (arguments.GetValue(json) is { } path) RowStatsJson.Write(path, stats, rows);

            HubFiles Fetch(string directory, string name) =>
                here.Fetch(hub => HubDatasets.Fetch(directory, [name], hub));
        });
        return command;
    }

    /// <summary>Without a model the embedded one, whose template is called default.</summary>
    static ChatModelSource Source(string? model, string? template) =>
        model is null ? new(EmbeddedModel.Folder(), []) { Template = template ?? "default" } : new(model, []) { Template = template };

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
