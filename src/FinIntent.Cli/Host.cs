using FinIntent.Jobs;

namespace FinIntent.Cli;

/// <summary>Makes what a command of this program gives to the jobs that it calls.</summary>
static class Host
{
    /// <summary>Returns this machine with a command's console, where downloads and trainings show how far they are.</summary>
    public static Surroundings Of(ParseResult arguments)
    {
        var console = arguments.InvocationConfiguration;
        return Surroundings.Here(console.Output, console.Error) with
        {
            Languages = SpokenLanguage.Of(arguments),
            Download = work => DownloadProgress.Show(console.Error, work),
            Training = run => TrainProgress.Show(console.Output, run),
        };
    }
}
