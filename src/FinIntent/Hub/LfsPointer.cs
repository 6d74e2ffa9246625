namespace FinIntent.Hub;

/// <summary>Is the text of a few lines that git has in place of a large file. A server without the file gives it instead.</summary>
static class LfsPointer
{
    /// <summary>A pointer is never longer.</summary>
    public const int MostBytes = 1024;

    /// <param name="place">The address that sent it.</param>
    public static HubFailure Refusal(string path, string place) => new($"{path}: {place} sent a Git LFS pointer, which only names the " +
        "file, in place of the file; nothing of it is kept: use another mirror, or ask whoever keeps the repository to upload the file",
        isFinal: true);
}
