using FinIntent.Files;

namespace FinIntent.Curation;

/// <summary>The numbers as JSON, with all duplicates and all doubts.</summary>
static class RowStatsJson
{
    public static void Write(string path, RowStats stats, IReadOnlyList<RowFile> files) => JsonFile.Write(path, Of(stats, files));

    public static JsonObject Of(RowStats stats, IReadOnlyList<RowFile> files)
    {
        var rows = files.SelectMany(file => file.Rows).ToList();
        return new()
        {
            ["files"] = new JsonArray([.. stats.Files.Select(Of)]),
            ["duplicates"] = new JsonArray([.. stats.Duplicates.Select(d => (JsonNode)new JsonObject
            {
                ["first"] = d.First.Place,
                ["second"] = d.Second.Place,
                ["similarity"] = d.Similarity,
                ["exact"] = d.AreSame,
                ["across_files"] = d.IsAcross,
                ["different_labels"] = d.DifferInLabel,
            })]),
            ["labels"] = stats.Labels is not { } labels ? null : new JsonObject
            {
                ["folds"] = labels.Folds,
                ["rows"] = labels.Rows,
                ["right_by_model"] = labels.ModelRight,
                ["right_by_characters"] = labels.LettersRight,
                ["suspicious"] = new JsonArray([.. labels.Doubts.Select(d => (JsonNode)new JsonObject
                {
                    ["place"] = rows[d.Row].Place,
                    ["question"] = rows[d.Row].Question,
                    ["label"] = d.Label,
                    ["predicted"] = d.Predicted,
                    ["probability"] = d.Probability,
                    ["characters_agree"] = d.LettersAgree,
                })]),
            },
        };
    }

    static JsonNode Of(FileStats file) => new JsonObject
    {
        ["name"] = file.Name,
        ["rows"] = file.Rows,
        ["classes"] = new JsonArray([.. file.Classes.Select(c => (JsonNode)new JsonObject
        {
            ["intent"] = c.Intent,
            ["label"] = c.Label,
            ["count"] = c.Count,
            ["share"] = (double)c.Count / file.Rows,
        })]),
        ["characters"] = Of(file.Characters),
        ["tokens"] = new JsonObject(file.Tokens.Select(t => KeyValuePair.Create(t.Template, (JsonNode?)Of(t.Tokens)))),
    };

    static JsonObject Of(LengthSummary lengths) => new()
    {
        ["least"] = lengths.Least,
        ["mean"] = lengths.Mean,
        ["median"] = lengths.Median,
        ["most_95"] = lengths.Most95,
        ["most"] = lengths.Most,
        ["longest_at"] = lengths.LongestAt,
    };
}
