using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Jobs;

/// <summary>A settings file of a tiny model and a few rows, with which nothing is wrong yet.</summary>
sealed class CheckedRun : IDisposable
{
    public CheckedRun()
    {
        Tiny.Write("dataset_info.json", """{"train": {"file_name": "train.jsonl"}, "eval": {"file_name": "eval.jsonl"}}""");
        Tiny.Write("train.jsonl", """
            {"instruction": "白酒板块还行吗", "output": "A"}
            {"instruction": "请问怎么修改交易密码", "output": "D"}
            {"instruction": "茅台今天多少钱", "output": "B"}
            {"instruction": "沪指跌破三千点了", "output": "C"}
            """);
        Tiny.Write("eval.jsonl", """{"instruction": "基金定投怎么收费", "output": "E"}""");
    }

    public TinyChat Tiny { get; } = new();

    public long FreeBytes { get; set; } = 1L << 40;

    public string this[string name] => Tiny[name];

    public string Write(params string[] lines) => Tiny.Write("train.yaml", string.Join('\n', (string[])
    [
        $"model_name_or_path: {Tiny.Model}", "template: qwen", "stage: sft", "dataset: train",
            $"dataset_dir: {Path.GetDirectoryName(Tiny.Model)}",
        $"output_dir: {Tiny["out"]}", "per_device_train_batch_size: 2", "num_train_epochs: 2", "logging_steps: 1", .. lines,
    ]));

    public SettingsFile Settings(params string[] overrides) => SettingsFile.Load(Write(), overrides);

    public CheckReport Check(params string[] overrides) => CheckJob.Run(Write(), overrides, Surroundings);

    public TrainingResult Train(params string[] overrides) =>
        TrainJob.Run(Settings(overrides), Surroundings, TestContext.Current.CancellationToken);

    public CheckReport CheckUse(params string[] lines) => CheckJob.Run(
        Tiny.Write("use.yaml", string.Join('\n', (string[])[$"model_name_or_path: {Tiny.Model}", .. lines])), [], Surroundings);

    public Surroundings Surroundings => new(TextWriter.Null, TextWriter.Null) { FreeBytes = _ => FreeBytes };

    public void Dispose() => Tiny.Dispose();
}
