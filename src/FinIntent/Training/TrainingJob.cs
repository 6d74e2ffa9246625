using FinIntent.Checkpoints;
using FinIntent.Data.Tokens;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training.Memory;
using static TorchSharp.torch;

namespace FinIntent.Training;

/// <summary>A settings file as a run: rows, model, folder, trainer. What `finintent train` and other hosts call.</summary>
static class TrainingJob
{
    /// <param name="tell">Told what a user should read once: ignored keys, rows left out, sizes, where a run goes on.</param>
    public static TrainingResult Run(
        SettingsFile settings, Action<string> tell, IProgress<StepReport>? progress = null, CancellationToken stop = default)
    {
        CrossChecks.CheckTraining(settings);
        if (settings.Harmless.Count > 0) tell($"without effect here: {string.Join(", ", settings.Harmless)}");
        using var rows = TrainingRows.Load(settings.Dataset, settings.Method.Stage, settings.Train.Seed,
            () => EncoderOf(settings, TrainedModel.LocalFolder(settings.Model), TemplateOf(settings)), tell, () => TokenizerOf(settings));
        return Run(settings, rows, InputOf(rows, settings), tell, progress, stop);
    }

    /// <summary>The same on rows that are encoded already.</summary>
    public static TrainingResult Run(
        SettingsFile settings, TrainingRows rows, TrainingInput input, Action<string> tell, IProgress<StepReport>? progress = null, CancellationToken stop = default)
    {
        LibTorch.Load();
        if (settings.Train.Tf32 is { } isTf32 && LibTorch.HasCuda) backends.cuda.matmul.allow_tf32 = isTf32;

        var template = TemplateOf(settings);
        var isTemplateUsed = settings.Method.Stage == Stage.Sft && settings.Dataset.Dataset.Count > 0;
        using var trained = TrainedModel.Load(settings, Devices.Default);
        rows.Check(trained.Model.Shape.VocabularySize);
        if (Precision.Wanted(settings.Train) != trained.Model.ComputeType)
            tell($"{(settings.Train.Bf16 ? "bf16: this CPU multiplies bf16" : "fp16: this CPU multiplies fp16")} slower than fp32; computing in fp32");
        tell($"{rows.Train.Count:N0} training rows{(input.Packs is { } packs ? $" in {packs.Count:N0} packs" : "")}, " +
            $"{rows.Validation?.Count ?? 0:N0} validation rows; {trained.Trainable.Count:N0} parameters are trained ({settings.Method.FinetuningType.ToString().ToLowerInvariant()}{(trained.Model.Format is { } f ? $" on a base in {f.Name}" : "")})");

        if (settings.Train.DoTrain == false) return EvaluateOnly(trained, rows.Validation, settings);

        var taught = settings.Dataset.Template ?? (isTemplateUsed ? template : null);
        var folder = new RunFolder(settings.Output, RunRecord.Create(settings, taught, trained.Model.FormatName), Console.Error.WriteLine);
        if (folder.ResumesFrom is { } checkpoint) tell($"going on from {checkpoint}");
        var options = new TrainingOptions
        {
            Train = settings.Train,
            Evaluation = settings.Evaluation,
            Output = settings.Output,
            Memory = new() { MayRecompute = !settings.Model.DisableGradientCheckpointing, Tell = tell },
        };
        return new Trainer(trained.Model, trained.Trainable, options, input, folder, progress).Run(stop);
    }

    static TrainingResult EvaluateOnly(TrainedModel trained, IRowSource? validation, SettingsFile settings)
    {
        if (validation is null) throw new UserErrorException("do_train: it is false and there are no validation rows, so there is nothing to do");
        var (choice, _) = ForwardChoice.For(trained.Model, trained.Trainable, RowLengths.Of(new TrainingInput(validation)), validation.Count,
            mayRecompute: false, settings.Train.MaxTokensPerForward);
        var evaluation = new LossPass(trained.Model, trained.Trainable).Evaluate(validation, choice.Plan.MaxTokens, settings.Evaluation.ComputeAccuracy);
        RunFolder.WriteEvaluation(settings.Output.OutputDir, evaluation, 0);
        return new(true, 0, 0, 0, 0, evaluation.Duration, 0, 0) { Evaluation = evaluation };
    }

    internal static TrainingInput InputOf(TrainingRows rows, SettingsFile settings) => new(rows.Train, rows.Validation)
    {
        Packs = RowPacking.Of(settings.Dataset, settings.Method.Stage).PackLength is { } most ? Packing.Pack(rows.Train, most) : null,
    };

    internal static string TemplateOf(SettingsFile settings) =>
        settings.Dataset.Template ?? ModelFamily.Of(Checkpoint.ReadConfig(TrainedModel.LocalFolder(settings.Model))).Template;

    static Tokenizer? TokenizerOf(SettingsFile settings)
    {
        var folder = TrainedModel.LocalFolder(settings.Model);
        return Tokenizer.IsIn(folder) ? Tokenizer.Load(folder) : null;
    }

    internal static RowEncoder EncoderOf(SettingsFile settings, string folder, string template)
    {
        var tokenizer = Tokenizer.Load(folder);
        var chat = ChatTemplate.Get(template, tokenizer, settings.Dataset.DefaultSystem, settings.Dataset.EnableThinking);
        return RowEncoder.For(settings.Method.Stage, settings.Dataset, tokenizer, chat);
    }
}
