using System.IO.Hashing;
using FinIntent.Classification;
using FinIntent.Generation;

namespace FinIntent.Jobs.Classify;

/// <summary>Is the answer of a text, as soon as its batch is scored.</summary>
sealed class TextAnswer
{
    TextBatch? _batch;
    IntentAnswer? _answer;

    public TextAnswer(TextBatch batch) => _batch = batch;

    public TextAnswer(string error) => Error = error;

    /// <summary>Says why the text has no answer; null where it has.</summary>
    public string? Error { get; }

    /// <summary>Waits for the answer.</summary>
    public IntentAnswer Wait(CancellationToken stop)
    {
        Volatile.Read(ref _batch)?.Wait(stop);
        return _answer!;
    }

    /// <summary>Sets the answer. The batch is let go, as answers outlive it.</summary>
    public void Set(IntentAnswer answer)
    {
        _answer = answer;
        Volatile.Write(ref _batch, null); // whoever sees this sees the answer
    }
}

/// <summary>Holds texts that go through the model together. One thread fills it, another one answers it.</summary>
sealed class TextBatch(ForwardRoom room)
{
    readonly ManualResetEventSlim _done = new();
    readonly List<(TextAnswer Answer, ReadyText Text)> _texts = [];
    readonly XxHash3 _digest = new();

    public IReadOnlyList<(TextAnswer Answer, ReadyText Text)> Texts => _texts;

    /// <summary>The digest of its texts.</summary>
    public ulong Digest => _digest.GetCurrentHashAsUInt64();

    /// <summary>Adds a text; null when it does not fit any more.</summary>
    public TextAnswer? TryAdd(UInt128 key, ReadyText text)
    {
        if (!room.TryAdd(text.Question)) return null;
        var answer = new TextAnswer(this);
        _texts.Add((answer, text));
        _digest.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key)));
        return answer;
    }

    public void SetDone(IReadOnlyList<IntentAnswer> answers)
    {
        foreach (var ((place, _), answer) in _texts.Zip(answers)) place.Set(answer);
        _done.Set();
    }

    public void Wait(CancellationToken stop) => _done.Wait(stop);
}
