using System.IO.Hashing;
using FinIntent.Classification;
using FinIntent.Files;

namespace FinIntent.Jobs.Classify;

/// <summary>
/// Keeps the answers of each batch of texts as they come, so that a run that was ended goes on without scoring them again.
/// </summary>
/// <remarks>
/// Whoever opens it has the lock of the output (<see cref="OutputPlace"/>). A batch is known by the digest of its texts. What a kill left
/// half written, or is of another run, is dropped.
/// </remarks>
sealed class AnswerLog : IDisposable
{
    readonly FileStream _stream;
    readonly BinaryReader _reader;
    readonly BinaryWriter _writer;
    bool _isReplaying = true;

    AnswerLog(FileStream stream)
    {
        _stream = stream;
        (_reader, _writer) = (new(stream, Encoding.UTF8, leaveOpen: true), new(stream, Encoding.UTF8, leaveOpen: true));
    }

    /// <param name="identity">All that answers depend on. A log of another identity is begun anew.</param>
    public static AnswerLog Open(string path, JsonObject identity)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var log = new AnswerLog(new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1 << 16));
        return log.OrDispose(() =>
        {
            log.Begin(FormatVersion.Answers.Stamp(identity).ToJsonString());
            return log;
        });
    }

    void Begin(string identity)
    {
        if (_stream.Length > 0 && Try(() => _reader.ReadString()) == identity) return;
        _stream.SetLength(0);
        _writer.Write(identity);
        _writer.Flush();
        _isReplaying = false;
    }

    /// <summary>Reads the answers of the next batch, if an earlier run scored it.</summary>
    /// <param name="digest">The digest of the batch's texts.</param>
    public IntentAnswer[]? Next(ulong digest)
    {
        if (!_isReplaying) return null;
        var start = _stream.Position;
        var payload = Try(() =>
        {
            var length = _reader.ReadInt32();
            if (length < 0 || length > _stream.Length - _stream.Position) return null;
            var bytes = _reader.ReadBytes(length);
            return _reader.ReadUInt64() == XxHash3.HashToUInt64(bytes) ? bytes : null;
        });
        if (payload is not null && Read(payload, digest) is { } answers) return answers;
        _isReplaying = false;
        _stream.SetLength(start);
        _stream.Position = start;
        return null;
    }

    public void Append(ulong digest, IReadOnlyList<IntentAnswer> answers)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(digest);
        writer.Write(answers.Count);
        foreach (var answer in answers) Write(writer, answer);
        var payload = memory.ToArray();
        _writer.Write(payload.Length);
        _writer.Write(payload);
        _writer.Write(XxHash3.HashToUInt64(payload));
        _writer.Flush();
        _stream.Flush();
    }

    /// <summary>Removes the log, whose answers are all written.</summary>
    public void Delete()
    {
        Dispose();
        File.Delete(_stream.Name);
    }

    static void Write(BinaryWriter writer, IntentAnswer answer)
    {
        writer.Write(answer.Tokens);
        writer.Write(answer.Probabilities.Length);
        foreach (var probability in answer.Probabilities) writer.Write(probability);
        writer.Write(answer.Reason is { } reason ? (sbyte)reason : (sbyte)-1);
        writer.Write(answer.OutOfScopeScore ?? double.NaN);
        writer.Write(answer.PredictionSet?.Length ?? -1);
        foreach (var option in answer.PredictionSet ?? []) writer.Write(option);
    }

    static IntentAnswer[]? Read(byte[] payload, ulong digest)
    {
        using var reader = new BinaryReader(new MemoryStream(payload));
        if (reader.ReadUInt64() != digest) return null;
        return [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => Read(reader))];
    }

    static IntentAnswer Read(BinaryReader reader)
    {
        var tokens = reader.ReadInt32();
        var probabilities = new double[reader.ReadInt32()];
        for (var i = 0; i < probabilities.Length; i++) probabilities[i] = reader.ReadDouble();
        var (reason, score, count) = (reader.ReadSByte(), reader.ReadDouble(), reader.ReadInt32());
        return new(probabilities, tokens)
        {
            Reason = reason < 0 ? null : (AbstentionReason)reason,
            OutOfScopeScore = double.IsNaN(score) ? null : score,
            PredictionSet = count < 0 ? null : [.. Enumerable.Range(0, count).Select(_ => reader.ReadInt32())],
        };
    }

    /// <summary>Returns null where the file ends, or is none that this class writes.</summary>
    static T? Try<T>(Func<T?> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException or OutOfMemoryException)
        {
            return null;
        }
    }

    // The reader and the writer leave the stream open, and hold nothing: whatever is appended is flushed at once.
    public void Dispose() => _stream.Dispose();
}
