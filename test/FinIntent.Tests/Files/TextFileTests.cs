using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

/// <summary>Bytes are written here as an editor of that encoding saves them: 买 is C2 F2 in GB18030 and E4 B9 B0 in UTF-8.</summary>
public sealed partial class TextFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    string Write(string name, params byte[] bytes)
    {
        File.WriteAllBytes(_folder[name], bytes);
        return _folder[name];
    }

    [Fact]
    public void Utf8_is_read_with_and_without_a_byte_order_mark()
    {
        Assert.Equal("买\n", TextFile.Read(Write("a", 0xE4, 0xB9, 0xB0, (byte)'\n')));
        Assert.Equal("买\n", TextFile.Read(Write("b", 0xEF, 0xBB, 0xBF, 0xE4, 0xB9, 0xB0, (byte)'\n')));
        Assert.Equal(["买", "x"], TextFile.Lines(Write("c", 0xEF, 0xBB, 0xBF, 0xE4, 0xB9, 0xB0, (byte)'\r', (byte)'\n', (byte)'x')));
    }

    [Fact]
    public void Utf16_is_read_where_a_byte_order_mark_says_so()
    {
        Assert.Equal("买x", TextFile.Read(Write("little", 0xFF, 0xFE, 0x70, 0x4E, (byte)'x', 0)));
        Assert.Equal("买x", TextFile.Read(Write("big", 0xFE, 0xFF, 0x4E, 0x70, 0, (byte)'x')));
        Assert.Equal(["买", "x"], TextFile.Lines(Write("lines", 0xFF, 0xFE, 0x70, 0x4E, (byte)'\n', 0, (byte)'x', 0)));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', 0xC2, 0xF2 },
        ":2: the text is not UTF-8; convert the file, for example: iconv -f GB18030")]
    [InlineData(new byte[] { (byte)'\n', 0xE4, 0xB9 }, ":2: the file ends in the middle of a character: it was cut short")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x3D, 0xD8, (byte)'x', 0 }, ":1: the file begins as UTF-16 and is not UTF-16 there")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0, 0, (byte)'x', 0, 0, 0 }, ": the text is UTF-32")]
    [InlineData(new byte[] { (byte)'x', (byte)'\n', (byte)'y', 0 }, ":2: a zero byte stands there")]
    public void What_is_not_Unicode_is_refused_with_its_line(byte[] bytes, string message)
    {
        var path = Write("t.txt", bytes);

        Assert.StartsWith(path + message, Assert.Throws<UserErrorException>(() => TextFile.Read(path)).Message);
        var lines = Assert.Throws<UserErrorException>(() => TextFile.Lines(path).ToList()).Message;
        Assert.StartsWith(bytes[0] == 0xFF && bytes[2] != 0 ? path + ": the file begins as UTF-16" : path + message, lines);
    }

    [Fact]
    public void Lines_before_a_bad_one_do_not_hide_where_it_stands()
    {
        var path = Write("long.txt", [.. Enumerable.Repeat("0123456789\n"u8.ToArray(), 9_999).SelectMany(b => b), 0xC2, 0xF2, (byte)'\n']);

        var error = Assert.Throws<UserErrorException>(() => TextFile.Lines(path).Count());

        Assert.StartsWith($"{path}:10000: the text is not UTF-8", error.Message);
    }

    [Fact]
    public void A_pointer_of_Git_LFS_is_named_as_such()
    {
        var path = _folder["model.safetensors"];
        File.WriteAllText(path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");

        var error = Assert.Throws<UserErrorException>(() => InputFile.Open(path));

        Assert.StartsWith($"{path}: this is a Git LFS pointer, not the file itself", error.Message);
    }

    [Fact]
    public void A_folder_a_missing_file_and_an_impossible_name_are_told_apart()
    {
        Assert.EndsWith(": it is a folder; a file is expected", Error(_folder.Path));
        Assert.EndsWith(": there is no such file", Error(_folder["no"]));
        Assert.Contains("no file can have this name", Error("a\0b"));

        static string Error(string path) => Assert.Throws<UserErrorException>(() => InputFile.Open(path)).Message;
    }

    public void Dispose() => _folder.Dispose();
}
