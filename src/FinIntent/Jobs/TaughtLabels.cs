using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Finds the label sets that a training teaches, for its record: whoever uses the model need not name them again.</summary>
static class TaughtLabels
{
    const int RowsLookedAt = 2000;

    /// <summary>Returns those of intent_schema where it is given, else those that the training rows list.</summary>
    public static IReadOnlyList<LabelSet> Of(Prepared prepared)
    {
        var data = prepared.Settings.Dataset;
        if (prepared.LoadSchema() is { } schema) return [LabelSet.Of(schema, data.DefaultSystem)];
        if (prepared.Settings.Method.Stage != Stage.Sft || data.Dataset.Count == 0) return [];
        try
        {
            var registry = DatasetRegistry.Open(data.DatasetDir, prepared.HubFiles);
            return [.. data.Dataset.SelectMany(name => LabelSetFinder.Find(name, Prompts(registry.Get(name), data.DefaultSystem)))];
        }
        catch (UserErrorException) when (File.Exists(data.TokenizedPath))
        {
            return []; // the rows are tokens already, and their texts need not be here any more
        }
    }

    static List<(string?, string)> Prompts(DatasetEntry entry, string? defaultSystem)
    {
        List<(string?, string)> prompts = [];
        foreach (var row in (entry.Files ?? [entry.Path]).SelectMany(DataFile.Read).Take(RowsLookedAt))
            if (RowFormats.Align(row, entry) is { Problem: null, Conversation: { Messages: [.., var asked, _] } conversation })
                prompts.Add((conversation.System is { Length: > 0 } system ? system : defaultSystem, asked.Content));
        return prompts;
    }
}
