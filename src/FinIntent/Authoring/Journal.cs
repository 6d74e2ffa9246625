using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;

namespace FinIntent.Authoring;

/// <summary>
/// Everything that a run sent and received, a line each, on disk before anything follows from it. A run that goes on takes its answers from here.
/// Beside it, journal.run.json says with what it was made. Thread-safe.
/// </summary>
sealed class Journal : IDisposable
{
    readonly Lock _lock = new();
    readonly FileStream _stream;
    readonly Dictionary<string, JournalRecord> _sent = [], _outcomes = [];
    readonly List<JournalRecord> _decisions = [];

    Journal(FileStream stream) => _stream = stream;

    /// <summary>What earlier runs took; requests without an answer count as their most, since they may have been charged for.</summary>
    public Amount Spent { get; private set; }

    public IReadOnlyList<JournalRecord> Decisions => _decisions;

    /// <summary>Times of the first and the last line; null while there is none.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)? Times { get; private set; }

    /// <summary>Tokens of all answers, as far as servers told them.</summary>
    public (long Input, long Output) Tokens { get; private set; }

    public IEnumerable<JournalRecord> AllSent => _sent.Values;

    /// <summary>Answers to judges' requests, each with what was sent.</summary>
    public IEnumerable<(JournalRecord Sent, JournalRecord Answer)> Judged => _sent.Values
        .Where(sent => sent.Questions is not null && _outcomes.ContainsKey(sent.Id)).Select(sent => (sent, _outcomes[sent.Id]));

    /// <param name="run">Everything that the rows depend on.</param>
    /// <exception cref="UserErrorException">Another run is writing it, or it was made with other settings.</exception>
    public static Journal Open(string folder, JsonObject run, bool overwrite)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "journal.jsonl");
        var stream = Lock(path);
        try
        {
            if (overwrite) stream.SetLength(0);
            if (stream.Length > 0) CheckSameRun(path, run);
            AtomicFile.WriteText(RunFileOf(path), run.ToJsonString(new() { WriteIndented = true }) + "\n");
            var journal = new Journal(stream);
            journal.Read(path);
            return journal;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The answer to a request, or that it failed; null when it has neither.</summary>
    public JournalRecord? OutcomeOf(string id)
    {
        lock (_lock) return _outcomes.GetValueOrDefault(id);
    }

    public JournalRecord? SentOf(string id)
    {
        lock (_lock) return _sent.GetValueOrDefault(id);
    }

    /// <summary>The line is on disk when this returns.</summary>
    public void Append(JournalRecord record)
    {
        lock (_lock)
        {
            _stream.Write(Encoding.UTF8.GetBytes(record.ToLine() + "\n"));
            _stream.Flush(flushToDisk: true);
            Count(record);
        }
    }

    void Count(JournalRecord record)
    {
        Times = (Times?.First ?? record.Time, record.Time);
        Tokens = (Tokens.Input + (record.InputTokens ?? 0), Tokens.Output + (record.OutputTokens ?? 0));
        switch (record.Kind)
        {
            case JournalKind.Sent:
                Spent += record.Amount;
                _sent[record.Id] = record;
                break;
            case JournalKind.Answer:
                // Attempts before the last one stay counted.
                Spent += record.Amount - _sent[record.Id].Amount;
                _outcomes[record.Id] = record;
                break;
            case JournalKind.Free:
                Spent -= _sent[record.Id].Amount;
                break;
            case JournalKind.Failed:
                _outcomes[record.Id] = record;
                break;
            case JournalKind.Decision:
                _decisions.Add(record);
                break;
        }
    }

    void Read(string path)
    {
        var bytes = new byte[_stream.Length];
        _stream.Position = 0;
        _stream.ReadExactly(bytes);
        // A last line that a crash cut short goes: nothing has followed from it.
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        _stream.SetLength(end);
        _stream.Position = end;
        foreach (var (i, line) in Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries).Index())
        {
            var record = JournalRecord.Parse(line, $"{path}:{i + 1}");
            if (record.Kind is JournalKind.Answer or JournalKind.Free && !_sent.ContainsKey(record.Id))
                throw new UserErrorException($"{path}:{i + 1}: it answers {record.Id}, which no line before it has sent; a line is missing. Set overwrite_output_dir: true to start anew");
            Count(record);
        }
    }

    public void Dispose() => _stream.Dispose();

    static string RunFileOf(string path) => Path.ChangeExtension(path, ".run.json");

    static FileStream Lock(string path)
    {
        try
        {
            // Outside Windows only FileShare.None locks, and other programs may read all the same.
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None);
        }
        catch (IOException e)
        {
            throw new UserErrorException($"{path}: cannot be written; is another run writing it? {e.Message}", e);
        }
    }

    static void CheckSameRun(string path, JsonObject run)
    {
        var file = RunFileOf(path);
        if (!File.Exists(file)) throw new UserErrorException($"{path} exists, but no {file} says how it was made; set overwrite_output_dir: true to start anew");
        using var found = JsonFile.Read(file);
        foreach (var (key, now) in run)
        {
            var before = found.RootElement.TryGetProperty(key, out var value) ? value.GetRawText() : "unset";
            if (before == "unset" ? now is null : JsonNode.DeepEquals(JsonNode.Parse(before), now)) continue;
            throw new UserErrorException($"{path} was made with {key} {before}, now it is {now?.ToJsonString() ?? "unset"}; set it back to go on, " +
                "name another output_dir, or set overwrite_output_dir: true to start anew (what was paid for is lost)");
        }
    }
}
