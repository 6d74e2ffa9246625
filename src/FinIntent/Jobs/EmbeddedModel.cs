namespace FinIntent.Jobs;

/// <summary>The small model that ships with the project.</summary>
static class EmbeddedModel
{
    static readonly string Relative = Path.Combine("models", "finintent-8m");

    /// <summary>Its folder: in the working folder or one above it, else above the program. Relative where it is below the working folder.</summary>
    public static string Folder()
    {
        foreach (var start in (string[])[Directory.GetCurrentDirectory(), AppContext.BaseDirectory])
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                var found = Path.Combine(folder.FullName, Relative);
                if (Directory.Exists(found)) return folder.FullName == Directory.GetCurrentDirectory() ? Relative : found;
            }
        }
        throw new UserErrorException($"{Relative} is in no folder above {Directory.GetCurrentDirectory()}; name a model's folder with --model");
    }
}
