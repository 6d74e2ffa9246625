using System.Buffers;
using System.Text.Json.Serialization;
using FinIntent.Files;

namespace FinIntent.Training;

/// <summary>Writes trainer_log.jsonl with LLaMA-Factory's keys and the loss in full precision.</summary>
sealed class TrainerLog(string folder)
{
    readonly string _path = Path.Combine(folder, "trainer_log.jsonl");

    /// <summary>Removes what a killed run wrote after the checkpoint from which it goes on, a half line included.</summary>
    public void CutAfter(int step)
    {
        if (!File.Exists(_path)) return;
        var bytes = InputFile.Bytes(_path);
        var kept = new ArrayBufferWriter<byte>();
        foreach (var range in bytes.AsSpan().Split((byte)'\n'))
            if (StepOf(bytes.AsSpan(range)) is { } s && s <= step)
            {
                kept.Write(bytes.AsSpan(range));
                kept.Write("\n"u8);
            }
        AtomicFile.Write(_path, stream => stream.Write(kept.WrittenSpan));
    }

    public void Append(StepReport report)
    {
        var line = new LogLine(report.Step, report.TotalSteps)
        {
            Loss = report.LoggedLoss,
            EvalLoss = report.Evaluation?.Loss,
            EvalAccuracy = report.Evaluation?.Accuracy,
            Lr = report.Evaluation is null ? report.LearningRate : null,
            GradNorm = report.Evaluation is null ? report.GradientNorm : null,
            Epoch = report.Epoch,
            Percentage = Math.Round(100.0 * report.Step / report.TotalSteps, 2),
            ElapsedTime = TerminalText.Clock(report.Elapsed),
            RemainingTime = TerminalText.Clock(report.Remaining),
        };
        File.AppendAllText(_path, JsonSerializer.Serialize(line, RunJson.Line) + "\n");
    }

    int? StepOf(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonBinding.Bind<LogLine>(JsonText.Element(line, _path), RunJson.Line, _path).CurrentSteps;
        }
        catch (UserErrorException)
        {
            return null;
        }
    }

    sealed record LogLine(int CurrentSteps, int TotalSteps)
    {
        public double? Loss { get; init; }
        public double? EvalLoss { get; init; }
        public double? EvalAccuracy { get; init; }
        public double? Lr { get; init; }
        public double? GradNorm { get; init; }
        public double Epoch { get; init; }
        public double Percentage { get; init; }
        public string ElapsedTime { get; init; } = "";
        public string RemainingTime { get; init; } = "";
    }
}

/// <summary>Says how the files of a run are written: transformers' key style, numbers in full precision, no null keys.</summary>
static class RunJson
{
    public static readonly JsonSerializerOptions Line = new(JsonFile.Line)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };
}
