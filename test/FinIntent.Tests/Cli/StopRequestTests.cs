using System.Runtime.InteropServices;
using FinIntent.Cli;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>The rules of both kinds of systems; what a real signal does is in KilledRunTests.Unix.</summary>
public sealed class StopRequestTests
{
    [Fact]
    public void A_closed_terminal_stops_a_run_on_Windows_alone()
    {
        Assert.Contains(PosixSignal.SIGHUP, StopRequest.Signals(isWindows: true));
        Assert.Contains(PosixSignal.SIGQUIT, StopRequest.Signals(isWindows: true));
        Assert.DoesNotContain(PosixSignal.SIGHUP, StopRequest.Signals(isWindows: false));
        Assert.All([true, false], isWindows => Assert.Contains(PosixSignal.SIGINT, StopRequest.Signals(isWindows)));
    }

    [Theory]
    [InlineData(PosixSignal.SIGHUP, true, true)]
    [InlineData(PosixSignal.SIGTERM, true, true)]
    [InlineData(PosixSignal.SIGINT, true, false)]
    [InlineData(PosixSignal.SIGQUIT, true, false)]
    [InlineData(PosixSignal.SIGTERM, false, false)]
    public void Only_a_closing_Windows_ends_the_process_behind_the_handler(PosixSignal signal, bool isWindows, bool ends) =>
        Assert.Equal(ends, StopRequest.EndsBehindHandler(signal, isWindows));
}
