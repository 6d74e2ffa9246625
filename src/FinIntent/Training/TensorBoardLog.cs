using static TorchSharp.torch.utils.tensorboard;
using Writer = TorchSharp.Modules.SummaryWriter;

namespace FinIntent.Training;

/// <summary>Writes TensorBoard event files under the names that transformers gives its curves.</summary>
sealed class TensorBoardLog
{
    readonly Writer _writer;

    /// <param name="history">What an earlier part of the run logged; it is written again, so that one file holds the run.</param>
    public TensorBoardLog(string folder, IEnumerable<LogEntry> history)
    {
        Directory.CreateDirectory(folder);
        foreach (var old in Directory.EnumerateFiles(folder, "events.out.tfevents.*")) File.Delete(old);
        _writer = SummaryWriter(folder, createRunName: false);
        foreach (var entry in history) Write(entry);
    }

    public void Write(LogEntry entry)
    {
        Add("train/loss", entry.Loss);
        Add("train/learning_rate", entry.LearningRate);
        Add("train/grad_norm", entry.GradNorm);
        Add("train/epoch", entry.Epoch);
        Add("eval/loss", entry.EvalLoss);
        Add("eval/accuracy", entry.EvalAccuracy);

        void Add(string tag, double? value)
        {
            if (value is { } v) _writer.add_scalar(tag, (float)v, entry.Step);
        }
    }
}
