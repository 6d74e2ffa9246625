using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs.Starter;

/// <summary>A folder to begin intents of one's own with; it trains, exports and evaluates as it is written.</summary>
sealed record StarterFolder(string Folder)
{
    public const string SchemaFile = "schema.yaml";

    static readonly string[] Splits = ["train", "val", "eval"];

    public required string Name { get; init; }

    public required SchemaLanguage Language { get; init; }

    public required LabelKind Labels { get; init; }

    /// <summary>The names of the intents; null stands for the five sample intents.</summary>
    public required IReadOnlyList<string>? Intents { get; init; }

    public required string Model { get; init; }

    public required string Template { get; init; }

    bool IsChinese => Language == SchemaLanguage.Chinese;

    /// <summary>Writes the folder and returns what to do next, for people.</summary>
    /// <exception cref="UserErrorException">A file is there already; nothing is written then.</exception>
    public string Write()
    {
        var rows = Intents is null ? StarterRows.Samples(Language) : StarterRows.Placeholders(Intents, Language);
        (string File, string Text)[] texts = [.. new StarterYaml(this, rows).Files(), (DatasetRegistry.FileName, DatasetInfo())];
        string[] files = [.. texts.Select(t => t.File), .. Splits.Select(split => split + ".json")];
        if (files.Select(Path).FirstOrDefault(File.Exists) is { } there)
            throw new UserErrorException(
                $"{there}: the file is there already, and nothing is overwritten; give another folder, or move it away");

        Directory.CreateDirectory(Folder);
        foreach (var (file, text) in texts) AtomicFile.WriteText(Path(file), text);
        var schema = IntentSchema.Load(Path(SchemaFile));
        foreach (var split in Splits)
        {
            var questions = rows.Where(row => row.Split == split)
                .Select((row, i) => EvaluationQuestion.Of($"{i}", row.Question, row.Intent, schema, "intent", split));
            AlpacaFile.Write(Path(split + ".json"), [.. questions]);
        }
        return Next(files);
    }

    /// <summary>Returns a file's path as the settings files name it, from the folder in which init was started.</summary>
    public string Path(string file) => System.IO.Path.Combine(Folder, file).Replace('\\', '/');

    string DatasetInfo() => new JsonObject(Splits.Select(split => KeyValuePair.Create($"{Name}_{split}",
        (JsonNode?)new JsonObject { ["file_name"] = split + ".json" }))).ToJsonString(JsonFile.Indented) + "\n";

    string Next(IReadOnlyList<string> files)
    {
        var text = new StringBuilder($"{Folder}: {string.Join(", ", files)}\n");
        if (Intents is not null)
            text.Append(IsChinese ? "样例行只是占位：请换成真实问句，或用 generate.yaml 生成。\n"
                : "The sample rows only hold places: replace them by real questions, or have them written with generate.yaml.\n");
        foreach (var verb in (string[])["train", "eval"]) text.Append($"  finintent {verb} {Path(verb + ".yaml")}\n");
        text.Append($"  finintent classify --model {Path("saves/lora")} \"...\"\n");
        text.Append($"  finintent serve --model {Path("saves/lora")}\n");
        return text.Append($"  finintent export {Path("export.yaml")}\n").ToString();
    }
}
