using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Text;

namespace FinIntent.Data.Leaks;

/// <summary>Names the rows that a run was trained on, as its run.json says.</summary>
sealed record RunRows(string RunFile, IReadOnlyList<string> Datasets, string? DatasetDir, string? TokenizedPath, int? MaxSamples, int Seed)
{
    /// <summary>The folder where the run kept files of hubs; null means the one that the environment named.</summary>
    public string? CacheDir { get; init; }

    /// <summary>The commits of the data sets that came from a hub, by the data set's name.</summary>
    public IReadOnlyDictionary<string, string> Commits { get; init; } = new Dictionary<string, string>();

    public static RunRows Read(string runFile)
    {
        using var json = JsonFile.Read(runFile, FormatVersion.Run);
        if (Of(json.RootElement, "settings") is not { ValueKind: JsonValueKind.Object } settings)
            return new(runFile, [], null, null, null, 0);
        var names = Of(settings, "dataset") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Select(name => name.ToString()) : [];
        return new(runFile, [.. names], Text(json.RootElement, "dataset_dir") ?? Text(settings, "dataset_dir"),
            Text(json.RootElement, "tokenized_path") ?? Text(settings, "tokenized_path"),
            Number(settings, "max_samples", runFile), Number(settings, "seed", runFile) ?? 0)
        {
            CacheDir = Text(json.RootElement, "cache_dir") ?? Text(settings, "cache_dir"),
            Commits = Of(json.RootElement, "dataset_commits") is { ValueKind: JsonValueKind.Object } commits
                ? commits.EnumerateObject().DistinctBy(commit => commit.Name)
                    .ToDictionary(commit => commit.Name, commit => commit.Value.ToString())
                : new Dictionary<string, string>(),
        };
    }

    /// <summary>Compares the rows, where they still are, with evaluation questions.</summary>
    /// <param name="tokenizer">Gives the model's tokenizer; without one, rows of tokens cannot be read.</param>
    /// <param name="fetch">Brings the files of data sets that come from a hub; null means that they are not fetched.</param>
    /// <returns>The reason why they could not be compared; null when they were.</returns>
    public string? Compare(LeakCheck check, LeakReport report, Func<Tokenizer?> tokenizer, Func<RunRows, HubFiles>? fetch = null)
    {
        if (TokenizedPath is not null && File.Exists(TokenizedPath)) return CompareTokens(check, report, tokenizer());
        if (Datasets.Count == 0) return TokenizedPath is null ? "it names no training rows" : $"{TokenizedPath} is no longer there";
        var registry = DatasetRegistry.FileIn(DatasetDir ?? "");
        if (DatasetDir != DatasetRegistry.Online && !File.Exists(registry)) return $"{registry} is no longer there";
        HubFiles? hubFiles;
        try
        {
            hubFiles = fetch?.Invoke(this);
        }
        catch (UserErrorException e)
        {
            return e.Message;
        }
        foreach (var name in Datasets)
        {
            var data = DatasetRegistry.Open(DatasetDir!, hubFiles);
            if (data.HubEntry(name) is not null && hubFiles?.ContainsKey(name) != true)
                return $"\"{name}\" is of a hub, and was not fetched";
            if (data.Find(name) is not { } entry) return $"{registry} no longer has \"{name}\"";
            if (!File.Exists(entry.Path) && !Directory.Exists(entry.Path)) return $"{entry.Path} is no longer there";
            new Dataset(entry).Compare(check, report, MaxSamples, Seed);
        }
        return null;
    }

    string? CompareTokens(LeakCheck check, LeakReport report, Tokenizer? tokenizer)
    {
        if (tokenizer is null) return $"{TokenizedPath} holds tokens, and the model's folder has no tokenizer to read them with";
        var questions = new TokenizedQuestions(tokenizer);
        TokenizedFile.Read(TokenizedPath!, (place, row) => questions.Find(place.ToString(), row, check), report.Add);
        return null;
    }

    static JsonElement? Of(JsonElement json, string key) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(key, out var value) ? value : null;

    static int? Number(JsonElement json, string key, string file) =>
        Of(json, key) is { ValueKind: not JsonValueKind.Null } value ? JsonBinding.Bind<int>(value, JsonFile.Line, file, key) : null;

    static string? Text(JsonElement json, string key) =>
        Of(json, key) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
