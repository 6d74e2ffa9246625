using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class ProgramFaultTests
{
    [Fact]
    public void A_library_that_is_not_there_is_no_fault_of_a_file()
    {
        var missing = Assert.Throws<FileNotFoundException>(() => System.Reflection.Assembly.Load("FinIntent.Absent, Version=1.0.0.0"));

        Assert.True(ProgramFault.Is(missing));
        Assert.True(ProgramFault.Is(new TypeInitializationException("X", new DllNotFoundException())));
        Assert.False(ProgramFault.Is(Assert.Throws<FileNotFoundException>(() => File.OpenRead("absent.json"))));
        Assert.False(ProgramFault.Is(new InvalidDataException("damaged", new EndOfStreamException())));
    }
}
