namespace FinIntent.Fuzz;

/// <summary>Is a folder for one reader's damaged file and what stands beside it; it is gone afterwards.</summary>
sealed class TrialFolder : IDisposable
{
    public TrialFolder(FuzzedReader reader)
    {
        Path = Directory.CreateTempSubdirectory("finintent-fuzz-").FullName;
        reader.Prepare?.Invoke(Path);
    }

    public string Path { get; }

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}
