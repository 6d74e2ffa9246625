using FinIntent.Classification;
using FinIntent.Generation;
using FinIntent.Text;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Classification;

/// <summary>The order in which the thread that computes does things.</summary>
public sealed class ScoringQueueTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>As on a GPU. A work may free an adapter, and a forward that had no room reads its questions again when it is
    /// finished.</summary>
    [Fact]
    public async Task A_work_waits_for_the_forward_that_runs()
    {
        using var chat = ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = "default" }, CPU);
        var question = chat.OptionQuestion(new(null, [new("user", "大盘怎么样")]), ["A", "B"]);
        using var queue = new ScoringQueue(new(chat.Model, 100), CPU, 8) { IsPipelined = true };
        Task<OptionReading> read = null!;
        Task<bool>? work = null;
        using ManualResetEventSlim asked = new();
        // What comes while a forward begins is what the thread looks at before it finishes that one.
        queue.OnForward = (_, _) =>
        {
            asked.Wait(Stop);
            using CancellationTokenSource gone = new();
            _ = queue.Read(question, gone.Token);
            gone.Cancel();
            work ??= queue.Run(() => read.Wait(TimeSpan.FromSeconds(1)), Stop);
        };
        new Thread(queue.Serve) { IsBackground = true }.Start();

        read = queue.Read(question, Stop);
        asked.Set();
        await read;

        Assert.True(await work!);
    }
}
