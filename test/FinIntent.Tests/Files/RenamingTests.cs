using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

/// <summary>What Windows does, played: its error numbers are those of winerror.h.</summary>
public sealed class RenamingTests
{
    const int SharingViolation = unchecked((int)0x80070020), DiskFull = unchecked((int)0x80070070);

    [Fact]
    public void A_file_that_another_program_has_open_for_a_moment_is_waited_for()
    {
        var (tries, waited) = (0, TimeSpan.Zero);

        Renaming.Persist("f", () =>
        {
            if (++tries < 4) throw new IOException("held", SharingViolation);
        }, mayBeHeld: true, TimeSpan.FromSeconds(5), pause => waited += pause);

        Assert.Equal((4, TimeSpan.FromMilliseconds(150)), (tries, waited));
    }

    [Fact]
    public void A_file_that_stays_open_is_told_in_words()
    {
        var error = Assert.Throws<UserErrorException>(() => Renaming.Persist("run.json",
            () => throw new UnauthorizedAccessException(), mayBeHeld: true, TimeSpan.FromSeconds(5), _ => { }));

        Assert.Equal("run.json: another program has it open; close it there, and run the same command again", error.Message);
    }

    [Fact]
    public void Other_errors_and_other_systems_do_not_wait()
    {
        Throws(DiskFull, mayBeHeld: true);
        Throws(SharingViolation, mayBeHeld: false);

        static void Throws(int code, bool mayBeHeld) => Assert.Throws<IOException>(() =>
            Renaming.Persist("f", () => throw new IOException("", code), mayBeHeld, TimeSpan.FromDays(1), _ => Assert.Fail()));
    }

    [Fact]
    public void A_file_and_a_folder_come_into_their_places()
    {
        using var folder = new TemporaryFolder();
        folder.Write("new", "2");
        folder.Write("old", "1");

        Renaming.File(folder["new"], folder["old"]);
        Directory.CreateDirectory(folder["a"]);
        Renaming.Folder(folder["a"], folder["b"]);

        Assert.Equal("2", File.ReadAllText(folder["old"]));
        Assert.True(Directory.Exists(folder["b"]) && !File.Exists(folder["new"]));
    }
}
