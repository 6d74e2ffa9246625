using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class NormalizationFormCTests
{
    /// <summary>The cases are Python's, see test/fixtures/make/make_nfc_cases.py.</summary>
    [Fact]
    public void Random_strings_become_what_unicode_says()
    {
        foreach (var line in File.ReadLines(Reference.Path("fixtures/text/nfc_cases.txt")))
        {
            var sides = line.Split('|').Select(Text).ToArray();

            Assert.Equal(sides[1], NormalizationFormC.Normalize(sides[0]));
            Assert.Equal(sides[1], NormalizationFormC.Normalize(sides[1]));
        }
    }

    /// <summary>The digests are ICU's, which agree with Python's; see test/fixtures/make/make_nfc_digests.py.</summary>
    [Fact]
    public void Every_code_point_alone_and_between_marks_becomes_what_icu_says()
    {
        const int Block = 4096;
        List<string> differing = [];
        foreach (var line in Digests.Where(line => line[0] is not ('#' or 's')))
        {
            var (first, digest) = (int.Parse(line.Split(' ')[0], NumberStyles.HexNumber), line.Split(' ')[1]);
            var codePoints = Enumerable.Range(first, Block).Where(Rune.IsValid).Select(c => new Rune(c).ToString());

            // Beyond these planes nothing combines.
            var texts = first < 0x20000 ? codePoints.SelectMany(c => (string[])[c, $"a{c}\u0301", $"\u0F71{c}\u05B0"]) : codePoints;
            if (Digest(texts) != digest) differing.Add($"{first:X}");
        }

        Assert.Empty(differing);
        Assert.Equal(0x110000 / Block, Digests.Count(line => line[0] is not ('#' or 's')));
    }

    [Fact]
    public void Sequences_of_marks_and_syllables_become_what_icu_says() =>
        Assert.Equal(Digests[^1], $"sequences {Digest(Sequences(20_000))}");

    static string[] Digests { get; } = File.ReadAllLines(Reference.Path("fixtures/text/nfc_digests.txt"));

    static string Digest(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts) hash.AppendData(Encoding.UTF8.GetBytes(NormalizationFormC.Normalize(text) + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>The script's generator, once more.</summary>
    static IEnumerable<string> Sequences(int count)
    {
        int[] pool =
        [
            .. Between(0x61, 0x7B), .. Between(0xC0, 0x100), .. Between(0x300, 0x370), .. Between(0x591, 0x5BE), .. Between(0x64B, 0x656),
            .. Between(0xF71, 0xF85), .. Between(0x1100, 0x1113), .. Between(0x1161, 0x1176), .. Between(0x11A7, 0x11C3),
            .. Between(0xAC00, 0xAC40), .. Between(0x1E00, 0x1F00), .. Between(0x3099, 0x309B), .. Between(0x1D157, 0x1D16A),
            .. Between(0x11099, 0x110BB), .. Between(0x2000, 0x2010), .. Between(0x212A, 0x212C),
        ];
        var state = 1L;
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var left = 1 + state % 9; left > 0; left--)
            {
                state = (state * 1103515245 + 12345) % (1L << 31);
                text.Append(new Rune(pool[state / 65536 % pool.Length]));
            }
            yield return text.ToString();
        }

        static IEnumerable<int> Between(int first, int end) => Enumerable.Range(first, end - first);
    }

    [Fact]
    public void A_normal_text_is_returned_as_it_is()
    {
        const string Text = "沪深300（Ａ股）怎么样？ok — ①🙂日本語テキスト";

        Assert.Same(Text, NormalizationFormC.Normalize(Text));
    }

    static string Text(string codePoints) => string.Concat(
        codePoints.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(codePoint => char.ConvertFromUtf32(int.Parse(codePoint, NumberStyles.HexNumber))));
}
