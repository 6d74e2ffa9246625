using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>Says which rows each update sees: transformers' arithmetic of epochs, batches and accumulation on one device.</summary>
sealed class UpdatePlan
{
    // Checks look at every update, so it is also what they can count in a second; no run is nearly as long.
    const int MostUpdates = 100_000_000, MostRowsPerUpdate = 1_000_000_000;

    readonly int _rows, _rowsPerUpdate, _batch;
    readonly bool _isShuffled;
    readonly long _seed;
    (int Epoch, int[] Rows)? _order;

    /// <exception cref="UserErrorException">There is nothing to train on, or a number is beyond what can be counted.</exception>
    public UpdatePlan(int rows, TrainSettings train)
    {
        if (rows == 0) throw new UserErrorException("there are no rows to train on");
        (_rows, _batch, _isShuffled, _seed) = (rows, train.PerDeviceTrainBatchSize, !train.DisableShuffling, train.DataSeed ?? train.Seed);
        _rowsPerUpdate = RowsOfUpdate(train);
        BatchesPerEpoch = train.DataloaderDropLast ? rows / _batch : DivideUp(rows, _batch);
        if (BatchesPerEpoch == 0) throw new UserErrorException($"dataloader_drop_last: {rows} rows do not fill one batch of {_batch}");
        UpdatesPerEpoch = DivideUp(BatchesPerEpoch, train.GradientAccumulationSteps);
        TotalSteps = StepsOf(train);
        WarmupSteps = train.WarmupSteps >= 1
            ? (int)train.WarmupSteps : Share(train.WarmupSteps > 0 ? train.WarmupSteps : train.WarmupRatio ?? 0);
    }

    public int BatchesPerEpoch { get; }

    public int UpdatesPerEpoch { get; }

    public int TotalSteps { get; }

    public int WarmupSteps { get; }

    public int RowsPerUpdate => _rowsPerUpdate;

    /// <summary>Returns the rows of one update, counted from 0; the last update of an epoch may have fewer than the others.</summary>
    public ReadOnlySpan<int> RowsOf(int update)
    {
        var (epoch, within) = Math.DivRem(update, UpdatesPerEpoch);
        if (_order?.Epoch != epoch)
            _order = (epoch, _isShuffled ? RowOrder.Permutation(_rows, _seed, epoch) : [.. Enumerable.Range(0, _rows)]);
        var start = within * _rowsPerUpdate;
        var end = Math.Min(start + _rowsPerUpdate, Math.Min(_rows, BatchesPerEpoch * _batch));
        return _order.Value.Rows.AsSpan(start, end - start);
    }

    /// <summary>Returns the epochs seen after <paramref name="steps"/> updates.</summary>
    public double EpochAfter(int steps)
    {
        var (epoch, within) = Math.DivRem(steps, UpdatesPerEpoch);
        return epoch + Math.Min(1.0, (double)within * _rowsPerUpdate / _batch / BatchesPerEpoch);
    }

    /// <summary>Returns a number of updates that is given as such, or below 1 as a share of all.</summary>
    public int Interval(double steps) => steps >= 1 ? (int)steps : Math.Max(1, Share(steps));

    int Share(double share) => (int)Math.Ceiling(TotalSteps * share);

    static int RowsOfUpdate(TrainSettings train)
    {
        var rows = (long)train.PerDeviceTrainBatchSize * train.GradientAccumulationSteps;
        return rows <= MostRowsPerUpdate ? (int)rows : throw new UserErrorException(
            $"per_device_train_batch_size {train.PerDeviceTrainBatchSize} times gradient_accumulation_steps " +
            $"{train.GradientAccumulationSteps} is more than {MostRowsPerUpdate} rows an update; make one of them smaller");
    }

    int StepsOf(TrainSettings train)
    {
        var steps = train.MaxSteps > 0 ? train.MaxSteps : Math.Ceiling(train.NumTrainEpochs * UpdatesPerEpoch);
        if (steps <= MostUpdates) return (int)steps;
        throw new UserErrorException(train.MaxSteps > 0
            ? $"max_steps: {train.MaxSteps} is more than {MostUpdates} updates; make it smaller"
            : string.Create(CultureInfo.InvariantCulture, $"num_train_epochs: {train.NumTrainEpochs} epochs of {UpdatesPerEpoch} ") +
                $"updates are more than {MostUpdates} updates; make it smaller");
    }

    static int DivideUp(int a, int b) => (int)(((long)a + b - 1) / b);
}
