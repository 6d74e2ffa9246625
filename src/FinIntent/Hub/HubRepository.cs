namespace FinIntent.Hub;

enum HubSource { HuggingFace, ModelScope }

enum RepositoryKind { Model, Dataset }

/// <summary>Names a repository of a hub.</summary>
/// <param name="Id">The id, owner/name.</param>
/// <param name="Revision">A branch, tag or commit; null means the hub's main branch.</param>
sealed partial record HubRepository(string Id, RepositoryKind Kind, string? Revision = null)
{
    public string Owner => Id.Split('/')[0];

    public string Name => Id.Split('/')[1];

    /// <summary>The kind's word in addresses of the API, and in the names of cache folders.</summary>
    public string Plural => Kind == RepositoryKind.Model ? "models" : "datasets";

    public override string ToString() => Revision is null ? Id : $"{Id}@{Revision}";

    /// <summary>Returns null when the text is not of the form owner/name or owner/name@revision.</summary>
    /// <param name="revision">The revision where the text names none.</param>
    public static HubRepository? Parse(string text, RepositoryKind kind, string? revision = null)
    {
        var at = text.IndexOf('@');
        var id = at < 0 ? text : text[..at];
        if (!Form().IsMatch(id) || id.Contains("..") || id.Contains("--")) return null;
        if (at >= 0 && at == text.Length - 1) return null;
        return new(id, kind, at < 0 ? revision : text[(at + 1)..]);
    }

    public static bool IsCommit(string revision) => Commit().IsMatch(revision);

    // As huggingface_hub's validate_repo_id, this takes letters, digits, - _ . and neither - nor . at an end.
    [GeneratedRegex(@"^\w([\w.-]*\w)?/\w([\w.-]*\w)?$", RegexOptions.ECMAScript)]
    private static partial Regex Form();

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Commit();
}
