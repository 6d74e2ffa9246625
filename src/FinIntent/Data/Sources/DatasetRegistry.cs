using FinIntent.Files;

namespace FinIntent.Data.Sources;

/// <summary>Reads the data sets that a folder's dataset_info.json names. An entry is checked when it is asked for.</summary>
sealed class DatasetRegistry
{
    public const string FileName = "dataset_info.json";

    /// <summary>This word in place of a folder makes every name one of a hub.</summary>
    public const string Online = "ONLINE";

    /// <summary>In place of a folder it is a hub's folder for LLaMA-Factory, which fetches dataset_info.json from there.</summary>
    const string Remote = "REMOTE:";

    static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    readonly string _folder;
    readonly Dictionary<string, JsonElement> _entries;
    readonly HubFiles? _hubFiles;

    DatasetRegistry(string folder, Dictionary<string, JsonElement> entries, HubFiles? hubFiles) =>
        (_folder, _entries, _hubFiles) = (folder, entries, hubFiles);

    string File => System.IO.Path.Combine(_folder, FileName);

    /// <param name="hubFiles">The files of data sets that come from a hub, where they were fetched.</param>
    public static DatasetRegistry Open(string folder, HubFiles? hubFiles = null)
    {
        if (folder == Online) return new(folder, [], hubFiles);
        if (folder.StartsWith(Remote, StringComparison.Ordinal))
            throw new UserErrorException($"dataset_dir: {folder}: a {FileName} on a hub is not fetched; put one into a folder here, " +
                "whose entries may name data sets of a hub (hf_hub_url, ms_hub_url)");
        var path = FileIn(folder);
        if (!System.IO.File.Exists(path))
            throw new UserErrorException($"{path}: no such file; dataset_dir must be a folder with a {FileName} that names its data sets");
        using var document = JsonFile.Read(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{path}: expected an object {{\"name\": {{…}}, …}}");
        return new(folder, document.RootElement.Clone().EnumerateObject().ToDictionary(p => p.Name, p => p.Value), hubFiles);
    }

    public static string FileIn(string folder) => System.IO.Path.Combine(folder, FileName);

    /// <summary>Returns a data set; null when the file has no such one.</summary>
    public DatasetEntry? Find(string name) => _folder == Online || _entries.ContainsKey(name) ? Get(name) : null;

    /// <summary>Returns a data set that comes from a hub; null when it is a file of this machine.</summary>
    public DatasetEntry? HubEntry(string name)
    {
        if (_folder != Online && !_entries.ContainsKey(name)) return null; // Get refuses it
        var entry = Read(name);
        return IsFromHub(entry) ? entry : null;
    }

    public DatasetEntry Get(string name)
    {
        var entry = Read(name);
        RefuseRemote(name, entry);
        RefuseUnsupported(name, entry);
        if (!IsFromHub(entry) && string.IsNullOrEmpty(entry.FileName))
            throw Error(name, "file_name is missing; name a file or folder beside this file");
        var format = FormatOf(name, entry);
        entry = entry with
        {
            Name = name,
            Path = IsFromHub(entry) ? System.IO.Path.GetDirectoryName(FilesOf(name, entry)[0])!
                : System.IO.Path.Combine(_folder, entry.FileName!),
            Files = IsFromHub(entry) ? FilesOf(name, entry) : null,
            Format = format,
            ColumnNames = entry.Columns ?? DatasetColumns.Default(format),
            TagNames = entry.Tags ?? DatasetTags.Default(format),
        };
        RefuseIncomplete(name, entry);
        return entry;
    }

    DatasetEntry Read(string name)
    {
        if (_folder == Online) return new() { HfHubUrl = name, MsHubUrl = name };
        if (!_entries.TryGetValue(name, out var json))
        {
            var hint = _entries.Count == 0 ? "; the file describes none" : EditDistance.Hint(name, _entries.Keys);
            throw new UserErrorException($"{File}: no data set \"{name}\"{hint}");
        }
        DatasetKeys.Check(json, message => Error(name, message));
        return JsonBinding.Bind<DatasetEntry>(json, Options, File, $"\"{name}\"");
    }

    static bool IsFromHub(DatasetEntry entry) => !string.IsNullOrEmpty(entry.HfHubUrl) || !string.IsNullOrEmpty(entry.MsHubUrl);

    IReadOnlyList<string> FilesOf(string name, DatasetEntry entry) => _hubFiles?.GetValueOrDefault(name) is { Count: > 0 } files
        ? files
        : throw Error(name, $"\"{entry.HfHubUrl ?? entry.MsHubUrl}\" is a data set of a hub, and it was not fetched");

    // As in LLaMA-Factory, hubs go before other remote sources, and those before file_name.
    void RefuseRemote(string name, DatasetEntry entry)
    {
        if (IsFromHub(entry)) return;
        (string Key, string? Value)[] sources =
            [("om_hub_url", entry.OmHubUrl), ("script_url", entry.ScriptUrl), ("cloud_file_name", entry.CloudFileName)];
        foreach (var (key, value) in sources.Where(source => !string.IsNullOrEmpty(source.Value)))
            throw Error(name, $"{key} \"{value}\" is not fetched: only hf_hub_url and ms_hub_url are; download the file into {_folder} " +
                $"and give file_name in place of {key}");
    }

    void RefuseUnsupported(string name, DatasetEntry entry)
    {
        if (entry.Ranking) throw Error(name, "ranking: true is data for learning from preferences, and only sft and pt are trained here");
        if (!IsFromHub(entry) && entry.Split is not (null or "train"))
            throw Error(name, $"split \"{entry.Split}\": a file has one split, train; remove the key");
        if (entry.NumSamples is < 1) throw Error(name, $"num_samples is {entry.NumSamples}; allowed are numbers from 1");
        if (entry.Columns is not { } columns) return;
        (string Key, string? Value)[] others = [("images", columns.Images), ("videos", columns.Videos), ("audios", columns.Audios),
            ("chosen", columns.Chosen), ("rejected", columns.Rejected), ("kto_tag", columns.KtoTag)];
        foreach (var (key, value) in others.Where(column => column.Value is not null))
            throw Error(name, $"column {key} (\"{value}\") is not supported: rows are text, for sft and pt; remove it");
    }

    /// <summary>Refuses a map of columns or tags that leaves out a needed one: the map takes the place of all defaults.</summary>
    void RefuseIncomplete(string name, DatasetEntry entry)
    {
        var (columns, tags) = (entry.ColumnNames, entry.TagNames);
        if (entry.Format == RowFormat.Alpaca)
        {
            if (columns.Prompt is null && columns.Query is null)
                throw Error(name, "columns names neither prompt nor query; what it does not name does not exist");
            return;
        }
        if (columns.Messages is null) throw Error(name, "columns does not name messages; what it does not name does not exist");
        (string Key, string? Value)[] needed =
            [("role_tag", tags.RoleTag), ("content_tag", tags.ContentTag), ("user_tag", tags.UserTag),
            ("assistant_tag", tags.AssistantTag)];
        foreach (var (key, _) in needed.Where(tag => tag.Value is null))
            throw Error(name, $"tags does not name {key}; what it does not name does not exist");
    }

    RowFormat FormatOf(string name, DatasetEntry entry) => entry.Formatting switch
    {
        null or "alpaca" => RowFormat.Alpaca,
        "sharegpt" => RowFormat.ShareGpt,
        "openai" => RowFormat.OpenAi,
        var other => throw Error(name, $"formatting \"{other}\" is not one of alpaca, sharegpt, openai"),
    };

    public UserErrorException Error(string name, string message, Exception? inner = null) => new($"{File}: \"{name}\": {message}", inner);
}
