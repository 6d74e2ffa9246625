using FinIntent.Runtime;

namespace FinIntent.Jobs.Bench;

/// <summary>Measures medians of repeated work.</summary>
static class Timing
{
    /// <summary>Returns how many turns are not counted, in which memory is taken and kernels are loaded and chosen.</summary>
    public static int WarmUp(Device device) => device.type == DeviceType.CUDA ? 3 : 1;

    /// <param name="work">Queues work on the device.</param>
    /// <returns>The seconds until the device was done, and until the CPU was; the latter is null where they are the same.</returns>
    public static (double Seconds, double? HostSeconds) Of(Device device, int turns, Action work)
    {
        List<double> all = [], host = [];
        for (var i = -WarmUp(device); i < turns; i++)
        {
            Devices.Synchronize(device);
            var clock = Stopwatch.StartNew();
            work();
            var queued = clock.Elapsed.TotalSeconds;
            Devices.Synchronize(device);
            if (i < 0) continue;
            host.Add(queued);
            all.Add(clock.Elapsed.TotalSeconds);
        }
        return (Median(all), device.type == DeviceType.CUDA ? Median(host) : null);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
