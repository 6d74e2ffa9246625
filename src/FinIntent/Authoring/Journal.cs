using FinIntent.Files;

namespace FinIntent.Authoring;

/// <summary>Keeps all that a run sent and received, a line each, on disk before anything follows from it. Thread-safe.</summary>
/// <remarks>A run that goes on takes its answers from here. Beside it, journal.run.json says with what it was made.</remarks>
sealed class Journal : IDisposable
{
    readonly Lock _lock = new();
    readonly ResumableFile _file;
    readonly Dictionary<string, JournalRecord> _sent = [], _outcomes = [];
    readonly List<JournalRecord> _decisions = [];

    Journal(ResumableFile file) => _file = file;

    /// <summary>The amount that earlier runs took; a request without an answer counts as its most: it may have been charged.</summary>
    public Amount Spent { get; private set; }

    public IReadOnlyList<JournalRecord> Decisions => _decisions;

    /// <summary>The times of the first and the last line; null while there is none.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)? Times { get; private set; }

    /// <summary>The tokens of all answers, as far as servers told them.</summary>
    public (long Input, long Output) Tokens { get; private set; }

    public IEnumerable<JournalRecord> AllSent => _sent.Values;

    /// <summary>The answers to judges' requests, each with what was sent.</summary>
    public IEnumerable<(JournalRecord Sent, JournalRecord Answer)> Judged => _sent.Values
        .Where(sent => sent.Questions is not null && _outcomes.ContainsKey(sent.Id)).Select(sent => (sent, _outcomes[sent.Id]));

    /// <param name="run">Everything that the rows depend on.</param>
    /// <exception cref="UserErrorException">Another run is writing it, or it was made with other settings.</exception>
    public static Journal Open(string folder, JsonObject run, bool overwrite)
    {
        var path = Path.Combine(folder, "journal.jsonl");
        var file = ResumableFile.Open(path, run, overwrite);
        try
        {
            var journal = new Journal(file);
            journal.Read(path);
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns the answer to a request, or that it failed; null when it has neither.</summary>
    public JournalRecord? OutcomeOf(string id)
    {
        lock (_lock) return _outcomes.GetValueOrDefault(id);
    }

    public JournalRecord? SentOf(string id)
    {
        lock (_lock) return _sent.GetValueOrDefault(id);
    }

    /// <summary>Appends a line, which is on disk when this returns.</summary>
    public void Append(JournalRecord record)
    {
        lock (_lock)
        {
            _file.Append([record.ToLine()]);
            Count(record);
        }
    }

    void Count(JournalRecord record)
    {
        Times = (Times?.First ?? record.Time, record.Time);
        Tokens = (Tokens.Input + (record.InputTokens ?? 0), Tokens.Output + (record.OutputTokens ?? 0));
        // An answer replaces the last attempt only: those before it stay counted.
        if (record.Kind is JournalKind.Answer or JournalKind.Free) Spent -= _sent[record.Id].Amount;
        if (record.Kind is JournalKind.Answer or JournalKind.Sent) Spent += record.Amount;
        if (record.Kind == JournalKind.Sent) _sent[record.Id] = record;
        if (record.Kind is JournalKind.Answer or JournalKind.Failed) _outcomes[record.Id] = record;
        if (record.Kind == JournalKind.Decision) _decisions.Add(record);
    }

    void Read(string path)
    {
        foreach (var (i, line) in _file.Lines.Index())
        {
            var record = JournalRecord.Parse(line, $"{path}:{i + 1}");
            if (record.Kind is JournalKind.Answer or JournalKind.Free && !_sent.ContainsKey(record.Id))
                throw new UserErrorException($"{path}:{i + 1}: it answers {record.Id}, which no line before it has sent; " +
                    "a line is missing. Set overwrite_output_dir: true to start anew");
            Count(record);
        }
    }

    public void Dispose() => _file.Dispose();
}
