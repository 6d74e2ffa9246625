using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.TextLog;

/// <summary>Writes answered texts with their intents to files of their own, a JSON line each, beside the answering of requests. Any thread
/// may add; nothing that fails here fails or delays an answer.</summary>
/// <remarks>Lines reach the operating system four times a second and when the server stops. Texts that come faster than they can be
/// written, and those of a time when the files cannot be, are counted and left out.</remarks>
sealed partial class TextLogWriter : IHostedService, IDisposable
{
    public const string Category = "FinIntent.TextLog";
    const int MostWaiting = 16_384, MostWaitingCharacters = 16 << 20, MostBuffered = 1 << 18;
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250), LastMoment = TimeSpan.FromSeconds(5);

    readonly TextLogOptions _options;
    readonly TextLogFiles _files;
    readonly ILogger _log;
    readonly TimeProvider _clock;
    readonly Func<double> _draw;
    readonly Channel<TextRecord> _waiting =
        Channel.CreateBounded<TextRecord>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    readonly MemoryStream _buffer = new();
    readonly CancellationTokenSource _stopping = new();
    Task _writing = Task.CompletedTask;
    DateOnly _day;
    int _buffered;
    long _waitingCharacters, _written, _dropped, _lost;
    bool _isFailing, _isDisposed;

    /// <param name="draw">Draws from 0 to 1, less than 1, for the sample; any thread may call it.</param>
    /// <exception cref="UserErrorException">An option is wrong, or the folder cannot be written.</exception>
    public TextLogWriter(TextLogOptions options, ILogger log, TimeProvider clock, Func<double> draw)
    {
        options.Check();
        (_options, _log, _clock, _draw) = (options, log, clock, draw);
        _files = new(options);
    }

    /// <summary>The texts that are in the files.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>The texts that came while too many waited.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>The texts that could not be written.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Takes a text that was answered; it never waits.</summary>
    public void Add(TextRecord record)
    {
        if (_draw() >= _options.Sample) return;
        var characters = Interlocked.Add(ref _waitingCharacters, record.Text.Length);
        if (characters <= MostWaitingCharacters && _waiting.Writer.TryWrite(record with { Time = _clock.GetUtcNow() })) return;
        Interlocked.Add(ref _waitingCharacters, -record.Text.Length);
        Interlocked.Increment(ref _dropped);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _writing = Task.Run(WriteAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Writes what waits and closes the files.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _waiting.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _writing.WaitAsync(cancellationToken);
    }

    async Task WriteAsync()
    {
        do
        {
            try
            {
                WriteWaiting();
            }
            catch (Exception e)
            {
                Fail(e); // no error of one text ends the log of the others
            }
            await Task.Delay(Interval, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!_waiting.Reader.Completion.IsCompleted);
    }

    void WriteWaiting()
    {
        while (_waiting.Reader.TryRead(out var record))
        {
            Interlocked.Add(ref _waitingCharacters, -record.Text.Length);
            BeginDay(Today(record.Time));
            record.WriteTo(_buffer, _options.Raw ? record.Text : Masks.Apply(record.Text));
            _buffered++;
            if (_buffer.Length >= MostBuffered) Flush();
        }
        Flush();
        BeginDay(Today(_clock.GetUtcNow())); // old days go when nothing is written, too
    }

    static DateOnly Today(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);

    void BeginDay(DateOnly day)
    {
        if (day <= _day) return; // records of several threads may come a little out of order
        Flush();
        _day = day;
        try
        {
            _files.DeleteOld(day);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            OldStay(_log, e);
        }
    }

    void Flush()
    {
        if (_buffered == 0) return;
        try
        {
            _files.Append(_day, _buffer.GetBuffer().AsSpan(0, (int)_buffer.Length));
            Interlocked.Add(ref _written, _buffered);
            if (_isFailing) WritesAgain(_log, Lost);
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e);
        }
        _buffered = 0;
        _buffer.SetLength(0);
    }

    void Fail(Exception e)
    {
        Interlocked.Add(ref _lost, Math.Max(1, _buffered));
        _buffered = 0;
        _buffer.SetLength(0);
        if (!_isFailing) CannotWrite(_log, e);
        _isFailing = true;
    }

    /// <summary>Writes what waits, if the host was not stopped before, as long as that takes no longer than a moment.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true)) return; // a hosted service that is a singleton, too, is disposed twice
        _waiting.Writer.TryComplete();
        _stopping.Cancel();
        if (!_writing.Wait(LastMoment)) return; // a disk that hangs keeps its file
        _files.Dispose();
        _stopping.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message =
        "The text log cannot be written; requests are answered, and their texts counted as lost")]
    static partial void CannotWrite(ILogger log, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "The text log is written again; {Lost} text(s) are not in it")]
    static partial void WritesAgain(ILogger log, long lost);

    [LoggerMessage(Level = LogLevel.Error, Message = "The text log's old files cannot be deleted")]
    static partial void OldStay(ILogger log, Exception exception);
}
