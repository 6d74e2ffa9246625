using System.Collections.Concurrent;
using FinIntent.Data.Rows;

namespace FinIntent.Jobs.Classify;

/// <summary>Reads JSON lines from a pipe on a thread of its own, so that one can tell when the pipe has nothing to give.</summary>
sealed class PipedRows(Stream stream)
{
    readonly BlockingCollection<SourceRow> _rows = new(1024);

    /// <summary>Says whether whoever writes into the pipe may be waiting for answers.</summary>
    public bool IsPausing => _rows.Count == 0;

    public IEnumerable<SourceRow> Read(CancellationToken stop)
    {
        Exception? problem = null;
        new Thread(() =>
        {
            try
            {
                foreach (var row in JsonRows.Read(stream, "standard input", isCopied: true)) _rows.Add(row, stop);
            }
            catch (Exception e) when (e is UserErrorException or IOException or OperationCanceledException)
            {
                problem = e;
            }
            finally
            {
                _rows.CompleteAdding();
            }
        })
        { IsBackground = true, Name = "FinIntent standard input" }.Start();
        foreach (var row in _rows.GetConsumingEnumerable(stop)) yield return row;
        if (problem is not null) throw problem;
    }
}
