using FinIntent.Data.Tokens;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training.Memory;

namespace FinIntent.Training;

/// <summary>Trains part of a model on rows, in one loop for LoRA, full and freeze, for sft and pt.</summary>
/// <param name="folder">The folder of logs and checkpoints, from which a run also goes on; null writes nothing.</param>
sealed class Trainer(
    CausalLanguageModel model, Trainable trainable, TrainingOptions options, TrainingSet input,
    RunFolder? folder = null, IProgress<StepReport>? progress = null)
{
    readonly TrainSettings _train = options.Train;
    readonly EvaluationSettings _evaluation = options.Evaluation;
    readonly UpdatePlan _plan = new(input.Count, options.Train);
    readonly MemoryOptions _memory = options.Memory;
    readonly LossPass _pass = new(model, trainable, options.Memory.Before);
    readonly Stopwatch _clock = new();
    TrainerState _state = new() { Data = DataPosition.Of(input.Count, options.Train) };
    (int Step, double Seconds) _start;
    (int Step, EvaluationResult Result)? _evaluated;
    (int Step, string Folder)? _saved;
    bool _hasBest;

    TimeSpan Elapsed => TimeSpan.FromSeconds(_start.Seconds) + _clock.Elapsed;

    /// <param name="stop">Ends the run between two forwards, with a checkpoint of the last whole update.</param>
    /// <exception cref="UserErrorException">The loss is not finite any more, or a checkpoint is another run's.</exception>
    public TrainingResult Run(CancellationToken stop = default)
    {
        var occasions = new Cadence(options, _plan);
        var schedule = Schedules.Create(_train, _plan.TotalSteps, _plan.WarmupSteps);
        using var optimizer = new AdamW(trainable.Parameters, _train, trainable.LoraPlusRatio);
        Begin(optimizer);

        try
        {
            if (_state.IsEvaluationDue)
            {
                Evaluate(optimizer, stop);
                if (_state.GlobalStep > 0 && occasions.Saves(_state.GlobalStep)) Save(optimizer);
            }
            while (_state.GlobalStep < _plan.TotalSteps && !IsStoppedEarly)
            {
                stop.ThrowIfCancellationRequested();
                Update(optimizer, _train.LearningRate * schedule(_state.GlobalStep), occasions, stop);
                if (occasions.Evaluates(_state.GlobalStep)) Evaluate(optimizer, stop);
                if (occasions.Saves(_state.GlobalStep)) Save(optimizer);
            }
            return Finish(optimizer, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Stopped(optimizer);
        }
    }

    void Update(AdamW optimizer, double learningRate, Cadence occasions, CancellationToken stop)
    {
        var began = _clock.Elapsed;
        var batch = input.Read(_plan.RowsOf(_state.GlobalStep));
        var loss = _train.Fp16 ? ScaledBackward(batch, optimizer, stop) : Backward(batch, optimizer, 1, stop);
        var norm = Clip(optimizer);
        if (!double.IsFinite(loss) || !double.IsFinite(norm)) throw NotFinite(batch, loss);
        optimizer.Step(learningRate);

        var tokens = batch.Sum(row => row.InputIds.Length);
        _state.Count(loss, tokens, batch.Length);
        _state.Epoch = _plan.EpochAfter(_state.GlobalStep);
        Report(new StepReport(_state.GlobalStep, _plan.TotalSteps, _state.Epoch, Elapsed)
        {
            Loss = loss,
            LearningRate = learningRate,
            GradientNorm = norm,
            LoggedLoss = occasions.Logs(_state.GlobalStep) ? _state.TakeLoss() : null,
            Tokens = tokens,
            TokensPerSecond = tokens / (_clock.Elapsed - began).TotalSeconds,
        });
    }

    void Begin(AdamW optimizer)
    {
        if (folder?.Resume(optimizer, _state.Data) is { } state) _state = state;
        else (_state.Forwards, _state.IsEvaluationDue) = (_memory.First ?? Choose(), _evaluation.EvalOnStart);
        // A run that went on with less, for want of memory, goes on so.
        _state.MaxTokensPerForward = Math.Min(_state.MaxTokensPerForward, _train.MaxTokensPerForward ?? int.MaxValue);
        _state.MaxSteps = _plan.TotalSteps;
        _start = (_state.GlobalStep, _state.ElapsedSeconds);
        _clock.Start();
    }

    ForwardPlan Choose()
    {
        var (choice, available) = ForwardChoice.For(
            model, trainable, RowLengths.Of(input), _plan.RowsPerUpdate, _memory.MayRecompute, _train.MaxTokensPerForward);
        _memory.Tell(choice.Fits
            ? $"{choice.Plan}: {choice.Reason}"
            : $"{choice.Plan}: {choice.Reason} for the {available / 1e9:f1} GB that are left, and is tried all the same; " +
                $"{_memory.Remedy(choice.Tokens)}");
        return choice.Plan;
    }

    // These are torch.amp.GradScaler's growth_interval, growth_factor and backoff_factor.
    const int StepsToGrow = 2000;
    const double Growth = 2, Backoff = 0.5;

    /// <summary>Does the same with a scaled loss, and scales the gradients back: in fp16 small ones would be zero.</summary>
    /// <remarks>When they overflow, the step is made again with a smaller scale. https://arxiv.org/abs/1710.03740</remarks>
    double ScaledBackward(TokenRow[] batch, AdamW optimizer, CancellationToken stop)
    {
        while (true)
        {
            var loss = Backward(batch, optimizer, _state.LossScale, stop);
            using var norm = optimizer.GradientNorm();
            var isFinite = float.IsFinite(norm.item<float>());
            if (!isFinite && double.IsFinite(loss) && _state.LossScale > 1)
            {
                (_state.LossScale, _state.StepsAtLossScale) = (_state.LossScale * Backoff, 0);
                continue;
            }
            optimizer.ScaleGradients(1 / _state.LossScale);
            if (++_state.StepsAtLossScale >= StepsToGrow) (_state.LossScale, _state.StepsAtLossScale) = (_state.LossScale * Growth, 0);
            return loss;
        }
    }

    /// <summary>Computes the update's gradients and loss, in smaller forwards from here on when there is no room for it.</summary>
    double Backward(TokenRow[] batch, AdamW optimizer, double scale, CancellationToken stop)
    {
        // Each step has a seed, so that a run that goes on, or a step that begins again, draws the same dropout.
        var seed = RowOrder.Mix((ulong)_train.Seed, (ulong)_state.GlobalStep);
        while (true)
        {
            optimizer.ZeroGradients();
            try
            {
                return _pass.Backward(batch, _state.Forwards, seed, scale, stop);
            }
            catch (Exception e) when (DeviceMemory.IsExhausted(e))
            {
                DeviceMemory.Trim(model.Placement.Device);
                _state.Forwards = _state.Forwards.Smaller(batch, _memory.MayRecompute && trainable.IsBaseFrozen) ?? throw NoRoom(batch, e);
                _memory.Tell($"step {_state.GlobalStep + 1} ran out of memory and is made again; from here on {_state.Forwards}");
            }
        }
    }

    UserErrorException NoRoom(TokenRow[] batch, Exception e)
    {
        var longest = batch.Max(row => row.InputIds.Length);
        var saved = folder?.LastCheckpoint() is { } last ? $"; the run goes on from {last}" : "";
        return new($"step {_state.GlobalStep + 1}: there is no memory for a row of {longest:N0} tokens alone, layers " +
            $"{(_state.RecomputesLayers ? "recomputed" : "kept")}; {_memory.Remedy(longest)}{saved}", e);
    }

    /// <summary>Returns the gradients' norm, and scales them so that it is at most max_grad_norm.</summary>
    double Clip(AdamW optimizer)
    {
        using var norm = optimizer.GradientNorm();
        double value = norm.item<float>();
        var factor = _train.MaxGradNorm / (value + 1e-6);
        if (_train.MaxGradNorm > 0 && factor < 1) optimizer.ScaleGradients(factor);
        return value;
    }

    void Report(StepReport report)
    {
        var perStep = _clock.Elapsed / Math.Max(1, _state.GlobalStep - _start.Step);
        report = report with { Remaining = perStep * (_plan.TotalSteps - report.Step) };
        folder?.Report(report, _state);
        progress?.Report(report);
    }

    void Evaluate(AdamW optimizer, CancellationToken stop)
    {
        _state.IsEvaluationDue = input.Validation is not null;
        if (input.Validation is null) return;
        var result = Measure(input.Validation, stop);
        _state.IsEvaluationDue = false;
        _evaluated = (_state.GlobalStep, result);
        var byAccuracy = _evaluation.MetricForBestModel is "accuracy" or "eval_accuracy";
        var isBest = _state.Judge(byAccuracy ? result.Accuracy!.Value : result.Loss, _evaluation.GreaterIsBetter ?? byAccuracy);
        Report(new StepReport(_state.GlobalStep, _plan.TotalSteps, _state.Epoch, Elapsed) { Evaluation = result });
        if (isBest && _evaluation.LoadBestModelAtEnd) Save(optimizer);
    }

    EvaluationResult Measure(IRowSource rows, CancellationToken stop)
    {
        var result = _pass.Evaluate(rows, _state.MaxTokensPerForward, _evaluation.ComputeAccuracy, stop);
        if (double.IsFinite(result.Loss)) return result;
        var row = Enumerable.Range(0, rows.Count).FirstOrDefault(i => _pass.FirstNotFinite([rows.Read(i)]) == 0);
        throw new UserErrorException($"the validation loss after step {_state.GlobalStep} is not finite, " +
            $"at row {row + 1} of the validation rows (counted from 1); {Remedy()}");
    }

    void Save(AdamW optimizer)
    {
        if (folder is null || _saved?.Step == _state.GlobalStep) return;
        _state.ElapsedSeconds = Elapsed.TotalSeconds;
        _saved = (_state.GlobalStep, folder.SaveCheckpoint(_state, optimizer, trainable));
    }

    TrainingResult Result(bool isFinished) => new(isFinished, _state.GlobalStep, _plan.TotalSteps, _state.Epoch,
        _state.TotalLoss / Math.Max(1, _state.GlobalStep), Elapsed, _state.RowsSeen, _state.NumInputTokensSeen);

    /// <summary>Ends a run that was asked to stop. What was computed of an update or an evaluation that is not whole is lost.</summary>
    TrainingResult Stopped(AdamW optimizer)
    {
        if (!_hasBest) Save(optimizer); // else the weights are not those of this step any more
        return Result(isFinished: false) with { Checkpoint = _saved?.Folder ?? folder?.LastCheckpoint() };
    }

    TrainingResult Finish(AdamW optimizer, CancellationToken stop)
    {
        _state.ElapsedSeconds = Elapsed.TotalSeconds;
        var result = Result(isFinished: true);
        _hasBest = _evaluation.LoadBestModelAtEnd && folder?.RestoreBest(_state, optimizer) == true;
        if (input.Validation is not null && (_evaluation.DoEval || _evaluation.EvalStrategy != EvaluationStrategy.No))
        {
            result = result with
            {
                Evaluation = _evaluated?.Step == _state.GlobalStep && !_hasBest
                    ? _evaluated.Value.Result
                    : Measure(input.Validation, stop),
            };
        }
        folder?.Finish(result, _state, trainable);
        return result;
    }

    bool IsStoppedEarly => _state.EvaluationsWithoutGain >= (_evaluation.EarlyStoppingSteps ?? int.MaxValue);

    UserErrorException NotFinite(TokenRow[] batch, double loss)
    {
        var indices = input.RowsOf(_plan.RowsOf(_state.GlobalStep));
        var isLoss = !double.IsFinite(loss);
        var row = isLoss ? _pass.FirstNotFinite(batch) : -1;
        var where = row >= 0 ? $"row {indices[row] + 1}" : $"one of the rows {string.Join(", ", indices.Select(i => i + 1))}";
        return new($"the {(isLoss ? "loss" : "gradient")} of step {_state.GlobalStep + 1} is not finite, at {where} of the training rows " +
            $"(counted from 1); {Remedy()}");
    }

    // Weights whose next loss is not finite are not good, so a checkpoint of this very step is not either.
    string Remedy() => $"last good checkpoint: {folder?.LastCheckpoint(before: _state.GlobalStep) ?? "none"}. " +
        "Lower learning_rate or raise warmup_steps, and look at the row";
}
