using FinIntent.Curation;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;

namespace FinIntent.Jobs;

/// <summary>Reads labelled rows from files, or from data sets of dataset_info.json, which may be a hub's.</summary>
static class LabelledFiles
{
    /// <param name="names">Paths of files, or names in the dataset_info.json of <paramref name="folder"/>.</param>
    /// <exception cref="UserErrorException">A file is not there or has a wrong row; the message names it.</exception>
    public static List<RowFile> Read(IEnumerable<string> names, string folder, IntentSchema? schema, Surroundings here) =>
    [
        .. names.Select(name => new RowFile(name, QuestionFile.FindLabelled(name, folder, schema,
            (directory, wanted) => here.Fetch(hub => HubDatasets.Fetch(directory, [wanted], hub)), here.Warn))),
    ];
}
