using System.Diagnostics;
using FinIntent.Data;
using FinIntent.Models;
using FinIntent.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Training;

/// <summary>Trains part of a model on rows. The same loop for LoRA, full and freeze, for sft and pt.</summary>
sealed class Trainer(CausalLanguageModel model, Trainable trainable, TrainingOptions options)
{
    readonly TrainSettings _train = options.Train;

    /// <param name="folder">Where logs and checkpoints go, and where a run is taken up from; null: nothing is written.</param>
    /// <param name="stop">Ends the run after the current update, with a checkpoint.</param>
    /// <exception cref="UserErrorException">The loss is not a number any more, or a checkpoint is another run's.</exception>
    public TrainingResult Run(
        TrainingInput input, RunFolder? folder = null, IProgress<StepReport>? progress = null, CancellationToken stop = default)
    {
        var validation = input.Validation;
        var plan = new UpdatePlan(input.Count, _train);
        var occasions = new Occasions(options, plan);
        var schedule = Schedules.Create(_train, plan.TotalSteps, plan.WarmupSteps);
        using var optimizer = new AdamW(trainable.Parameters, _train, trainable.LoraPlusRatio);
        var state = folder?.Resume(optimizer, DataPosition.Of(input.Count, _train)) ?? NewState(input.Count);
        state.MaxSteps = plan.TotalSteps;
        state.MaxTokensPerForward = _train.MaxTokensPerForward ?? state.MaxTokensPerForward;
        (int Step, EvaluationResult Result)? latest = null;
        var clock = Stopwatch.StartNew();
        var before = TimeSpan.FromSeconds(state.ElapsedSeconds);
        var firstStep = state.GlobalStep;
        if (firstStep == 0 && validation is not null && options.Evaluation.EvalOnStart) Evaluate();

        while (state.GlobalStep < plan.TotalSteps && !IsStoppedEarly(state) && !stop.IsCancellationRequested)
        {
            var began = clock.Elapsed;
            var batch = input.Read(plan.RowsOf(state.GlobalStep));
            var learningRate = _train.LearningRate * schedule(state.GlobalStep);

            optimizer.ZeroGradients();
            var loss = Accumulate(batch, state);
            var norm = Clip(optimizer);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
                throw NotFinite(batch, input.RowsOf(plan.RowsOf(state.GlobalStep)), state, loss, folder);
            optimizer.Step(learningRate);

            var tokens = batch.Sum(row => row.InputIds.Length);
            state.Count(loss, tokens, batch.Length);
            state.Epoch = plan.EpochAfter(state.GlobalStep);
            state.ElapsedSeconds = (before + clock.Elapsed).TotalSeconds;
            Report(new StepReport(state.GlobalStep, plan.TotalSteps, state.Epoch, before + clock.Elapsed)
            {
                Loss = loss,
                LearningRate = learningRate,
                GradientNorm = norm,
                LoggedLoss = occasions.Logs(state.GlobalStep) ? state.TakeLoss() : null,
                Tokens = tokens,
                TokensPerSecond = tokens / (clock.Elapsed - began).TotalSeconds,
            });
            if (validation is not null && occasions.Evaluates(state.GlobalStep)) Evaluate();
            if (occasions.Saves(state.GlobalStep)) folder?.SaveCheckpoint(state, optimizer, trainable);
        }
        return Finish();

        void Evaluate()
        {
            var result = this.Evaluate(validation!, state.MaxTokensPerForward);
            latest = (state.GlobalStep, result);
            Judge(result, state);
            Report(new StepReport(state.GlobalStep, plan.TotalSteps, state.Epoch, before + clock.Elapsed) { Evaluation = result });
        }

        void Report(StepReport report)
        {
            var perStep = clock.Elapsed / Math.Max(1, state.GlobalStep - firstStep);
            report = report with { Remaining = perStep * (plan.TotalSteps - report.Step) };
            folder?.Report(report, state);
            progress?.Report(report);
        }

        TrainingResult Finish()
        {
            state.ElapsedSeconds = (before + clock.Elapsed).TotalSeconds;
            var isFinished = state.GlobalStep >= plan.TotalSteps || IsStoppedEarly(state);
            var result = new TrainingResult(isFinished, state.GlobalStep, plan.TotalSteps, state.Epoch, state.TotalLoss / Math.Max(1, state.GlobalStep),
                before + clock.Elapsed, state.RowsSeen, state.NumInputTokensSeen);
            if (!isFinished) return result with { Checkpoint = folder?.SaveCheckpoint(state, optimizer, trainable) };

            var isAnotherModel = options.Evaluation.LoadBestModelAtEnd && folder?.RestoreBest(state, optimizer) == true;
            if (validation is not null && (options.Evaluation.DoEval || options.Evaluation.EvalStrategy != EvaluationStrategy.No))
                result = result with
                {
                    Evaluation = latest?.Step == state.GlobalStep && !isAnotherModel
                        ? latest.Value.Result
                        : this.Evaluate(validation, state.MaxTokensPerForward),
                };
            folder?.Finish(result, state, trainable);
            return result;
        }
    }

    TrainerState NewState(int rows) => new()
    {
        Data = DataPosition.Of(rows, _train),
        MaxTokensPerForward = _train.MaxTokensPerForward ?? MicroBatches.DefaultBudget(model),
    };

    /// <summary>Adds the gradients of the update's mean loss over label tokens; returns that loss.</summary>
    double Accumulate(TokenRow[] rows, TrainerState state)
    {
        // Dropout draws from torch's generator: a function of seed and step, so that a resumed run draws the same.
        manual_seed((long)RowOrder.Mix((ulong)_train.Seed, (ulong)state.GlobalStep)).Dispose();
        trainable.SetTraining(true);
        using var scope = NewDisposeScope();
        double labels = Math.Max(1, rows.Sum(MicroBatches.LabelCount));
        var total = zeros(1, dtype: ScalarType.Float64, device: model.Placement.Device);
        foreach (var part in MicroBatches.Cut(rows, state.MaxTokensPerForward))
        {
            using var inner = NewDisposeScope();
            using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
            if (batch.LabelCount == 0) continue;
            var loss = MicroBatches.LossSum(model.forward(batch), batch) / labels;
            loss.backward();
            total.add_(loss.detach());
        }
        return total.item<double>();
    }

    /// <summary>The gradients' norm; they are scaled so that it is at most max_grad_norm.</summary>
    double Clip(AdamW optimizer)
    {
        using var scope = NewDisposeScope();
        double norm = optimizer.GradientNorm().item<float>();
        var factor = _train.MaxGradNorm / (norm + 1e-6);
        if (_train.MaxGradNorm > 0 && factor < 1) optimizer.ScaleGradients(factor);
        return norm;
    }

    /// <summary>The model as it is on rows it is not trained on.</summary>
    public EvaluationResult Evaluate(IRowSource rows) => Evaluate(rows, _train.MaxTokensPerForward ?? MicroBatches.DefaultBudget(model));

    EvaluationResult Evaluate(IRowSource rows, int maxTokens)
    {
        var clock = Stopwatch.StartNew();
        trainable.SetTraining(false);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var totals = zeros(2, dtype: ScalarType.Float64, device: model.Placement.Device);
        var labels = 0L;
        foreach (var indices in Enumerable.Range(0, rows.Count).Chunk(1024))
        {
            foreach (var part in MicroBatches.Cut([.. indices.Select(rows.Read)], maxTokens))
            {
                using var inner = NewDisposeScope();
                using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
                if (batch.LabelCount == 0) continue;
                labels += batch.LabelCount;
                var logits = model.forward(batch);
                totals[0].add_(MicroBatches.LossSum(logits, batch));
                if (options.Evaluation.ComputeAccuracy) totals[1].add_(logits.argmax(-1).eq(batch.Labels!).sum());
            }
        }
        var sums = totals.cpu().data<double>().ToArray();
        return new(sums[0] / Math.Max(1, labels), options.Evaluation.ComputeAccuracy ? sums[1] / Math.Max(1, labels) : null, rows.Count, clock.Elapsed);
    }

    void Judge(EvaluationResult result, TrainerState state)
    {
        var byAccuracy = options.Evaluation.MetricForBestModel is "accuracy" or "eval_accuracy";
        var metric = byAccuracy ? result.Accuracy!.Value : result.Loss;
        var isBetter = state.BestMetric is not { } best || ((options.Evaluation.GreaterIsBetter ?? byAccuracy) ? metric > best : metric < best);
        state.EvaluationsWithoutGain = isBetter ? 0 : state.EvaluationsWithoutGain + 1;
        if (isBetter) (state.BestMetric, state.BestGlobalStep) = (metric, state.GlobalStep);
    }

    bool IsStoppedEarly(TrainerState state) => state.EvaluationsWithoutGain >= (options.Evaluation.EarlyStoppingSteps ?? int.MaxValue);

    UserErrorException NotFinite(TokenRow[] batch, int[] indices, TrainerState state, double loss, RunFolder? folder)
    {
        var what = double.IsFinite(loss) ? "the gradient" : "the loss";
        var row = double.IsFinite(loss) ? -1 : Array.FindIndex(batch, row => !double.IsFinite(Evaluate(new MemoryRows([row]), int.MaxValue).Loss));
        var where = row >= 0 ? $"row {indices[row] + 1}" : $"one of the rows {string.Join(", ", indices.Select(i => i + 1))}";
        return new($"{what} of step {state.GlobalStep + 1} is not finite, at {where} of the training rows (counted from 1); " +
            $"last good checkpoint: {folder?.LastCheckpoint() ?? "none"}. Lower learning_rate or raise warmup_steps, and look at the row");
    }
}
