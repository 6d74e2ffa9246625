using FinIntent.Data.Tokens;
using FinIntent.Evaluation.Reports;
using FinIntent.Hub;
using FinIntent.Runtime;
using FinIntent.Training;

namespace FinIntent.Jobs;

/// <summary>What a training reports to while it runs.</summary>
/// <param name="Tell">It is told what a user should read once.</param>
sealed record TrainingWatch(Action<string> Tell, IProgress<StepReport>? Progress = null);

/// <summary>The machine and the console that a job runs in. A host makes it, and tests make their own, so that no job reads a clock, a
/// device or a console by itself.</summary>
/// <param name="Output">Results are written here.</param>
/// <param name="Error">Progress and warnings are written here.</param>
sealed record Surroundings(TextWriter Output, TextWriter Error)
{
    /// <summary>The device on which models compute. Asking for it loads libtorch, so it is asked for when a model is loaded.</summary>
    public Lazy<Device> Device { get; init; } = new(() => Devices.Default);

    /// <summary>The languages of what people read: summaries and tables, and the files of a report.</summary>
    public Languages Languages { get; init; } = Languages.Default;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Opens standard input as bytes, for tables that come through a pipe.</summary>
    public Func<Stream> Input { get; init; } = Console.OpenStandardInput;

    /// <summary>Opens standard output as bytes, for tables that go through a pipe.</summary>
    public Func<Stream> RawOutput { get; init; } = OpenOutput;

    /// <summary>This keeps encoded rows from run to run; null means that they are encoded each time.</summary>
    public TokenCache? Cache { get; init; }

    /// <summary>The bytes that are free on the disk of a path. The path's last folders need not exist yet.</summary>
    public Func<string, long> FreeBytes { get; init; } = FreeOn;

    /// <summary>This ends a download before its end; what has come is kept.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>This is read when something is to be fetched, so a wrong token does not end what needs none.</summary>
    public Func<HubChoice> Hubs { get; init; } = HubChoice.FromEnvironment;

    /// <summary>This does a work that may download; a host shows how far it is.</summary>
    public Action<Action<HubContext>>? Download { get; init; }

    /// <summary>This does a training; a host shows how far it is.</summary>
    public Func<Func<TrainingWatch, TrainingResult>, TrainingResult>? Training { get; init; }

    /// <summary>Returns the surroundings of a program on this machine, with the user's cache of encoded rows.</summary>
    public static Surroundings Here(TextWriter output, TextWriter error) => new(output, error)
    {
        Device = new(() => Devices.Open(error.WriteLine)),
        Cache = TokenCache.OfUser(Environment.GetEnvironmentVariable, TimeProvider.System),
    };

    public void Tell(string line) => Error.WriteLine(line);

    public void Warn(string line) => Tell($"warning: {line}");

    public TrainingResult Train(Func<TrainingWatch, TrainingResult> run) => Training is null ? run(new(Output.WriteLine)) : Training(run);

    /// <summary>Does a work that needs files of hubs.</summary>
    public T Fetch<T>(Func<HubFolders, T> work)
    {
        T result = default!;
        Action<HubContext> all = context => result = work(new(new Lazy<HubChoice>(Hubs), context with { Stop = Stop }));
        if (Download is null) all(new(Tell) { Time = Time });
        else Download(all);
        return result;
    }

    /// <summary>Opens standard output. Unlike the console's own stream it tells when whoever reads has gone.</summary>
    static Stream OpenOutput() => OperatingSystem.IsWindows() ? Console.OpenStandardOutput()
        : new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(1, ownsHandle: false), FileAccess.Write);

    static long FreeOn(string path)
    {
        var folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder) ?? throw new IOException($"{path} is on no disk");
        return new DriveInfo(folder).AvailableFreeSpace;
    }
}
