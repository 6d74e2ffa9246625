using System.IO.Hashing;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Files;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>What makes tokens of texts.</summary>
/// <param name="Folder">With the tokenizer's files.</param>
/// <param name="Template">Its name.</param>
sealed record EncodedWith(string Folder, string Template);

/// <summary>All that encoded rows are a function of, as lines of text; their hash names the rows.</summary>
sealed class RowsKey
{
    static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model", "tokenizer_config.json"];

    readonly StringBuilder _lines = new();

    RowsKey() { }

    /// <param name="questions">That the rows were compared with.</param>
    /// <exception cref="UserErrorException">A file may not be trained on, or is not there.</exception>
    public static string Of(IReadOnlyList<DatasetEntry> entries, DatasetSettings settings, Stage stage, int seed, EncodedWith encoder,
        IReadOnlyList<PlacedQuestion> questions)
    {
        var key = new RowsKey();
        // Other code may encode otherwise.
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
        foreach (var question in questions) key.Add(question.Place, question.Text);
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(key._lines.ToString())));
    }

    void Add(DatasetEntry entry, int seed)
    {
        EvaluationNotice.Check(entry.Path);
        Add("data set", entry.Name);
        Add("entry", entry);
        if (entry.NumSamples is not null) Add("seed", seed); // of the draw; else rows do not depend on it
        // What is said of rows names their files, so a file elsewhere is another.
        foreach (var file in entry.Files ?? DataFile.FilesOf(entry.Path)) AddFile(file, file);
    }

    void AddFile(string path, string name) => Add(name, FileFingerprint.Of(path));

    // As JSON, so that no value can look like a line of another.
    void Add<T>(string name, T value) => _lines.Append(JsonSerializer.Serialize(name)).Append(JsonSerializer.Serialize(value)).Append('\n');
}
