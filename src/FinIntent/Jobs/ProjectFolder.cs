namespace FinIntent.Jobs;

/// <summary>Finds what ships with the project: in the working folder or a folder above it, else above the program.</summary>
static class ProjectFolder
{
    static readonly string SmallModel = Path.Combine("models", "finintent-8m");

    /// <summary>Returns the nearest folder that holds a file or folder; null means that none does.</summary>
    public static string? With(string relative) =>
        ((string[])[Directory.GetCurrentDirectory(), AppContext.BaseDirectory]).SelectMany(Upwards)
            .FirstOrDefault(folder => Path.Exists(Path.Combine(folder, relative)));

    /// <summary>Returns the folder of the model that ships with the project, relative where it is below the working folder.</summary>
    public static string EmbeddedModel()
    {
        var here = Directory.GetCurrentDirectory();
        var folder = With(SmallModel) ?? throw new UserErrorException(
            $"{SmallModel} is in no folder above {here}; name a model's folder with --model");
        return folder == here ? SmallModel : Path.Combine(folder, SmallModel);
    }

    static IEnumerable<string> Upwards(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent) yield return folder.FullName;
    }
}
