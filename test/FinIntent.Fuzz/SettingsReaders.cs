using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Jobs.Studies;
using FinIntent.Settings;

namespace FinIntent.Fuzz;

/// <summary>The files that people write: settings, schemas, studies, data sets.</summary>
static class SettingsReaders
{
    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        new("settings", Format.Yaml, "settings.yaml", path => SettingsFile.Load(path, []))
        {
            Seeds =
            [
                Seeds.File("config/demo/lora.yaml"), Seeds.File("config/demo/eval.yaml"),
                Seeds.File("config/qwen25/qwen25_7b_lora_sft.yaml"),
                Seeds.File("config/generate/openfindata_like.yaml"), Seeds.File("config/eval/claude.yaml"),
            ],
            Covers = "Entry SettingsFile YamlFile TextFile InputFile",
        },
        new("settings' problems", Format.Yaml, "settings.yaml", path => SettingsFile.Inspect(path, []))
        {
            Seeds = [Seeds.File("config/demo/teach.yaml"), Seeds.File("config/demo/calibrate.yaml"), Seeds.Record("train.yaml")],
            Covers = "SettingsFile",
        },
        new("intent schema", Format.Yaml, "schema.yaml", path => IntentSchema.Load(path))
        {
            Seeds =
            [
                Seeds.File("config/intents/openfindata_none.yaml"), Seeds.Record("schema.yaml"), Seeds.File("config/service/schema.yaml"),
            ],
            Covers = "IntentSchema IntentSchemaFile",
        },
        new("study", Format.Yaml, "study.yaml", path => StudyFile.Read(path, []))
        {
            Seeds = [Seeds.Text(Study("config/experiment/demo.yaml")), Seeds.Text(Study("config/experiment/openfindata.yaml"))],
            Covers = "StudyFile",
        },
        new("dataset_info.json", Format.Json, "dataset_info.json", ReadDataSets)
        {
            Seeds = [Seeds.File("data/dataset_info.json"), Seeds.Text("""
                {"a": {"file_name": "rows.json", "columns": {"prompt": "q", "response": "r", "system": "s", "history": "h"},
                       "num_samples": 5},
                 "b": {"file_name": "chat.json", "formatting": "sharegpt", "columns": {"messages": "m"}, "split": "train", "subset": "x",
                       "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}},
                 "c": {"hf_hub_url": "a/b", "ms_hub_url": "c/d", "folder": "x"}}
                """)],
            Covers = "DatasetRegistry",
        },
        new("hub card", Format.Yaml, "README.md", path => HubCard.Read(path))
        {
            Seeds = [Seeds.Text("""
                ---
                license: apache-2.0
                configs:
                - config_name: main
                  default: true
                  data_files:
                  - split: train
                    path: ["data/*.parquet", x.jsonl]
                  - split: test
                    path: test.csv
                - config_name: other
                  data_dir: other
                ---
                # A data set
                """)],
            Covers = "HubCard",
        },
    ];

    // A study names its settings files from where it stands.
    static string Study(string path) =>
        File.ReadAllText(Path.Combine(Seeds.Root, path)).Replace("settings: ", $"settings: {Seeds.Root}/config/experiment/");

    static void ReadDataSets(string path)
    {
        var registry = DatasetRegistry.Open(Path.GetDirectoryName(path)!);
        string[] names = ["a", "b", "c", "intent_understanding", "intent_val"];
        foreach (var name in names)
            if (registry.HubEntry(name) is null) registry.Find(name);
    }
}
