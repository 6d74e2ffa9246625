using System.Text.Json.Nodes;
using FinIntent.Authoring;
using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Classification;
using FinIntent.Data.Leaks;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Hub;
using FinIntent.Intents;
using FinIntent.Jobs.Classify;
using FinIntent.Jobs.Classify.Shards;
using FinIntent.Jobs.Inspect;
using FinIntent.Jobs.Studies;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Server.Keys;
using FinIntent.Server.Load;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Fuzz;

/// <summary>The files that the program itself writes and reads again.</summary>
static class RecordReaders
{
    const string Parts = ".finintent.incomplete.parts";

    static readonly Lazy<string> CalibratedFolder = new(WriteCalibration);

    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        new("run.json", Format.Json, "run.json", ReadRun) { Seeds = [Seeds.Record("finished/run.json")], Covers = "Provenance RunRows" },
        new("finintent.json", Format.Json, "finintent.json", ReadProvenance)
        {
            Seeds = [Seeds.Record("exported/finintent.json")],
            Covers = "Provenance",
        },
        new("trainer_state.json", Format.Json, "trainer_state.json",
            path => RunFolder.CheckpointToResume(new OutputSettings { ResumeFromCheckpoint = Folder(path) }))
        {
            Seeds = [Seeds.Record("stopped/checkpoint-6/trainer_state.json")],
            Covers = "RunFolder",
            Prepare = Seeds.Beside($"{Seeds.Records}/stopped/checkpoint-6", "trainer_state.json"),
        },
        new("trainer_log.jsonl", Format.Json, "trainer_log.jsonl", path => new TrainerLog(Folder(path)).CutAfter(5))
        {
            Seeds = [Seeds.Record("finished/trainer_log.jsonl")],
            Covers = "TrainerLog",
        },
        new("predictions.jsonl", Format.Json, "predictions.jsonl", path => PredictionSet.Read(path))
        {
            Seeds =
            [
                Seeds.Record("answers/predictions.jsonl"), Seeds.Record("answers/permutations.jsonl"),
                Seeds.Record("asked/predictions.jsonl"),
            ],
            Covers = "PredictionFile PredictionSet Prediction",
            Prepare = Seeds.Beside($"{Seeds.Records}/answers", "predictions.jsonl"),
        },
        new("predictions.run.json", Format.Json, "predictions.run.json",
            path => PredictionFile.Open(Path.Combine(Folder(path), "predictions.jsonl"), Run("answers/predictions.run.json")).Dispose())
        {
            Seeds = [Seeds.Record("answers/predictions.run.json")],
            Covers = "ResumableFile",
            Prepare = Seeds.Copy("answers/predictions.jsonl", "predictions.jsonl"),
        },
        Calibration("intent_calibration.json", Format.Json, "CalibrationFile"),
        Calibration("intent_calibration.safetensors", Format.Bytes, "CalibrationStates"),
        new("step.json", Format.Json, "x.step.json", path => _ = new StudyStep(path[..^".step.json".Length], []).WasDone)
        {
            Seeds = [Seeds.Record("study/tiny/base.jsonl.step.json"), Seeds.Record("study/tiny/seed-1/train.step.json")],
            Covers = "StudyStep",
        },
        new("part.done", Format.Json, "part-00000-of-00002.done", path => PartRecord.Read(path))
        {
            Seeds = [Seeds.Text("""
                {"format_version": 1, "written_by": "0.3.0", "shard": 0, "shards": 2, "first_row": 0, "rows": 1, "input_rows": 2,
                 "output": "part-00000-of-00002.jsonl", "output_digest": "00", "run": {"input": "x"},
                 "columns": [{"name": "a", "kind": "text"}],
                 "totals": {"intents": {"x": 1}, "abstained": 0, "errors": 0, "seconds": 0.5}}
                """)],
            Covers = "PartRecord MergeJob",
        },
        new("journal", Format.Json, "journal.jsonl", path => Journal.Open(Folder(path), Run("authored/journal.run.json"), false).Dispose())
        {
            Seeds = [Seeds.Record("authored/journal.jsonl"), Seeds.Record("written/journal.jsonl")],
            Covers = "Journal JournalRecord",
            Prepare = Seeds.Copy("authored/journal.run.json", "journal.run.json"),
        },
        new("commit list", Format.Json, "COMMIT.json", path => CommitList.Files(CommitList.Read(path)))
        {
            Seeds = [Seeds.Record("hub/models--bank--adapter/.finintent/5555555555555555555555555555555555555555.json")],
            Covers = "CommitList ModelScopeSite",
        },
        new("SHA256SUMS", Format.Text, CheckpointSums.File, path => CheckpointSums.Damage(Folder(path)))
        {
            Seeds = [Seeds.Text($"{new string('0', 64)}  adapter_config.json\n{new string('a', 64)}  run.json\n")],
            Covers = "CheckpointSums",
            Prepare = Seeds.Copy("finished/run.json", "run.json"),
        },
        new("log of answers", Format.Bytes, "x.answers", ReadAnswers) { Seeds = [WriteAnswers()], Covers = "AnswerLog" },
        new("partial file", Format.Bytes, "x" + Parts, ReadParts) { Seeds = [WriteParts()], Covers = "PartialFile" },
        new("key for a server", Format.Text, "key", path => LoadKey.Of(null, path))
        {
            Seeds = [Seeds.Text("# a key\n0123456789abcdef0123\n")],
            Covers = "LoadKey",
        },
        new("token of a hub", Format.Text, "token", ReadToken) { Seeds = [Seeds.Text("hf_0123456789abcdef\n")], Covers = "HubEnvironment" },
        new("token ids", Format.Json, "tokens.json",
            path => LogitsJob.ReadTokens(path, new ModelShape(2, 8, 2, 2, 4, VocabularySize: 10, MaxPositions: 16)))
        {
            Seeds = [Seeds.Text("[[1, 2, 3], [4]]")],
            Covers = "LogitsJob",
        },
        new("keys of the server", Format.Text, "keys", path => KeySet.Read(path))
        {
            Seeds = [Seeds.Text("# keys\nteam-a 0123456789abcdef0123\nsha256:" + new string('a', 64) + "\n")],
            Covers = "KeySet",
        },
    ];

    static string Folder(string path) => Path.GetDirectoryName(path)!;

    static void ReadProvenance(string path)
    {
        Provenance.Read(Folder(path));
        Provenance.RunFiles(Folder(path));
    }

    static void ReadRun(string path)
    {
        ReadProvenance(path);
        RunRows.Read(path);
    }

    static JsonObject Run(string record)
    {
        var run = JsonFile.ReadObject(Path.Combine(Seeds.Root, Seeds.Records, record));
        run.Remove(FormatVersion.Key);
        run.Remove(FormatVersion.WriterKey);
        return run;
    }

    static void ReadToken(string path) =>
        new HubEnvironment(name => name == "HF_TOKEN_PATH" ? path : null, Folder(path)).HuggingFaceToken();

    static JsonObject AnswersRun => new() { ["input"] = "x" };

    static void ReadAnswers(string path)
    {
        using var log = AnswerLog.Open(path, AnswersRun);
        while (log.Next(7) is not null)
        {
        }
    }

    static byte[] WriteAnswers()
    {
        var path = Path.GetTempFileName();
        using (var log = AnswerLog.Open(path, AnswersRun))
        {
            log.Append(7, [new([0.25, 0.75], 5), new([1, 0], 6) { PredictionSet = [0] }]);
            log.Append(7, [new([0.5, 0.5], 7)]);
        }
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    static void ReadParts(string path)
    {
        var target = path[..^Parts.Length];
        PartialFile.DoneOf(target, 1000);
        PartialFile.Open(target, 1000, 256).Dispose();
    }

    static byte[] WriteParts()
    {
        var folder = Directory.CreateTempSubdirectory("finintent-fuzz-").FullName;
        PartialFile.Open(Path.Combine(folder, "x"), 1000, 256).Dispose();
        var bytes = File.ReadAllBytes(Path.Combine(folder, "x" + Parts));
        Directory.Delete(folder, recursive: true);
        return bytes;
    }

    static FuzzedReader Calibration(string file, Format format, string covers) =>
        new(file, format, file, path => CalibrationFile.Read(Folder(path)))
        {
            Seeds = [File.ReadAllBytes(Path.Combine(CalibratedFolder.Value, file))],
            Covers = covers,
            Prepare = Seeds.Beside(CalibratedFolder.Value, file),
        };

    // A calibration of a small set that is drawn, with a score of hidden states.
    static string WriteCalibration()
    {
        LibTorch.Load();
        var folder = Directory.CreateTempSubdirectory("finintent-fuzz-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var random = new SplitMix64(1);
        List<CalibrationRow> rows = [.. Enumerable.Range(0, 60).Select(i => new CalibrationRow(Reading(i % 3, i % 3), i % 3))];
        List<OptionReading> outside = [.. Enumerable.Range(0, 20).Select(_ => Reading(-1, 4))];
        CalibrationSubject subject =
            new("base", ["adapter"], IntentOptions.Lettered(["a", "b", "c"]), "Which? {question}") { Template = "default" };
        var calibration = IntentCalibration.Of(subject, rows, outside, new());
        var score = OutOfScopeScore.Fit(OutOfScopeKind.Mahalanobis, rows, outside, null)!;
        CalibrationFile.Write(folder, calibration with { OutOfScope = calibration.OutOfScope! with { Score = score } });
        return folder;

        OptionReading Reading(int gold, int column) => new([.. Enumerable.Range(0, 3).Select(k => random.Uniform() + (k == gold ? 2 : 0))],
            [.. Enumerable.Range(0, 5).Select(c => (float)(random.Uniform() + (c == column ? 4 : 0)))]);
    }
}
