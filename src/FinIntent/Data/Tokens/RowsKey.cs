using System.IO.Hashing;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Files;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Says what makes tokens of texts: the folder with the tokenizer's files, and the template's name.</summary>
sealed record EncodedWith(string Folder, string Template);

/// <summary>Collects all that encoded rows depend on, as lines of text, whose hash names the rows.</summary>
sealed class RowsKey
{
    static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model", "tokenizer_config.json"];

    readonly StringBuilder _lines = new();

    RowsKey() { }

    /// <param name="leaks">The questions that the rows were compared with; null: there were none.</param>
    /// <exception cref="UserErrorException">A file may not be trained on, or is not there.</exception>
    public static string Of(IReadOnlyList<DatasetEntry> entries, DatasetSettings settings, Stage stage, int seed, EncodedWith encoder,
        LeakWatch? leaks)
    {
        var key = new RowsKey();
        // Another build's code may encode otherwise.
        key.Add("code", typeof(RowsKey).Module.ModuleVersionId);
        foreach (var name in TokenizerFiles.Where(name => File.Exists(Path.Combine(encoder.Folder, name))))
            key.AddFile(Path.Combine(encoder.Folder, name), name);
        key.Add("template", encoder.Template);
        key.Add("default_system", settings.DefaultSystem);
        key.Add("enable_thinking", settings.EnableThinking);
        key.Add("stage", stage);
        key.Add("cutoff_len", settings.CutoffLen);
        key.Add("train_on_prompt", settings.TrainOnPrompt);
        key.Add("mask_history", settings.MaskHistory);
        key.Add("packing", settings.Packing);
        key.Add("neat_packing", settings.NeatPacking);
        key.Add("max_samples", settings.MaxSamples);
        foreach (var entry in entries) key.Add(entry, seed);
        key.Add("wording", leaks?.Wording?.Text);
        foreach (var question in leaks?.Questions ?? []) key.Add(question.Place, question.Text);
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(key._lines.ToString())));
    }

    void Add(DatasetEntry entry, int seed)
    {
        EvaluationNotice.Check(entry.Path);
        Add("data set", entry.Name);
        Add("entry", entry);
        if (entry.NumSamples is not null) Add("seed", seed); // of the draw; else rows do not depend on it
        // Remarks on rows name their files, so a file elsewhere is another file.
        foreach (var file in entry.Files ?? DataFile.FilesOf(entry.Path)) AddFile(file, file);
    }

    void AddFile(string path, string name) => Add(name, FileFingerprint.Of(path));

    // They are written as JSON, so that no value can look like a line of another.
    void Add<T>(string name, T value) => _lines.Append(JsonSerializer.Serialize(name)).Append(JsonSerializer.Serialize(value)).Append('\n');
}
