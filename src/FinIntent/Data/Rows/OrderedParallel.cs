namespace FinIntent.Data.Rows;

/// <summary>Works on many cores and hands out results in the order of the items; only a few batches are in memory at a time.</summary>
static class OrderedParallel
{
    const int BatchSize = 256;

    public static void Run<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, Action<TResult> take)
    {
        var mostRunning = Environment.ProcessorCount + 1;
        Queue<Task<TResult[]>> running = [];
        try
        {
            foreach (var batch in items.Chunk(BatchSize))
            {
                if (running.Count >= mostRunning) TakeOldest();
                running.Enqueue(Task.Run(() => Array.ConvertAll(batch, item => work(item))));
            }
            while (running.Count > 0) TakeOldest();
        }
        catch
        {
            Task.WhenAll(running).ContinueWith(task => task.Exception).Wait(); // the first error counts; no task may go on or go unobserved
            throw;
        }

        void TakeOldest()
        {
            foreach (var result in running.Dequeue().GetAwaiter().GetResult()) take(result);
        }
    }
}
