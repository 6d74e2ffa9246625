namespace FinIntent.Server;

/// <summary>Refuses numbers and folders that no server can work with, before it listens.</summary>
static class ServeOptionChecks
{
    const int LastPort = 65535;

    /// <exception cref="UserErrorException">A value is out of its range; the message names the flag, the value and the range.</exception>
    public static void Check(ServeOptions options)
    {
        Within("--port", options.Port, 0, LastPort);
        if (options is { Host: "localhost", Port: 0 })
            throw new UserErrorException("--host localhost stands for two addresses, which have no free port in common for --port 0; " +
                "take 127.0.0.1 or ::1, or name a port");
        if (options.MetricsPort is { } metrics) CheckMetricsPort(metrics, options.Port);
        AtLeast("--max-loaded-adapters", options.MaxLoadedAdapters, 1);
        AtLeast("--kept-beginnings-mb", options.KeptBeginningsMb, 0);
        AtLeast("--max-queue-rows", options.MaxQueueRows, 1);
        AtLeast("--max-queue-tokens", options.MaxQueueTokens ?? 1, 1);
        AtLeast("--max-batch-tokens", options.MaxBatchTokens ?? 1, 1);
        AtLeast("--max-rows", options.MaxRows, 1);
        AtLeast("--max-body-mb", options.MaxBodyMb, 1);
        if (options.AdapterRoot is { } root && !Directory.Exists(root))
            throw new UserErrorException($"--adapter-root {root}: there is no such folder; make it, and put adapters' folders into it");
    }

    static void CheckMetricsPort(int metrics, int port)
    {
        Within("--metrics-port", metrics, 1, LastPort);
        if (metrics == port)
            throw new UserErrorException($"--metrics-port and --port are both {port}; give the metrics another one, or leave " +
                "--metrics-port out to have them at the same");
    }

    static void AtLeast(string flag, int value, int least)
    {
        if (value < least) throw new UserErrorException($"{flag} is {value}; it must be {least} or more");
    }

    static void Within(string flag, int value, int least, int most)
    {
        if (value < least || value > most) throw new UserErrorException($"{flag} is {value}; it must be from {least} to {most}");
    }
}
