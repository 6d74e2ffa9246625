using System.Runtime.InteropServices;
using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed partial class TextFileTests
{
    /// <summary>Opening a pipe that nobody writes would wait for ever.</summary>
    [Fact]
    public void A_pipe_and_a_device_are_refused_without_opening_them()
    {
        var pipe = _folder["pipe"];
        Assert.Equal(0, MakePipe(pipe, 0b110_100_100));

        Assert.StartsWith($"{pipe}: it is a pipe", Assert.Throws<UserErrorException>(() => TextFile.Read(pipe)).Message);
        Assert.StartsWith("/dev/zero: it is a device", Assert.Throws<UserErrorException>(() => TextFile.Read("/dev/zero")).Message);
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
