using System.Diagnostics;
using System.Text;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

public sealed class ReservedQuestionsTests
{
    [Theory]
    [InlineData("这家店周末几点关门呀")] // 8 shared bigrams of 9: 0.89
    [InlineData("{\"instruction\": \"请回答。\\n\\n问句: 这家店周末几点关门\\n\\nA. 是\"}")]
    [InlineData("B\t这家店周末几点，关门？")]
    [InlineData("\"\\u8fd9\\u5bb6\\u5e97\\u5468\\u672b\\u51e0\\u70b9\\u5173\\u95e8\"")]
    public void A_line_with_a_reserved_question_is_named(string line)
    {
        var reserved = ReservedQuestions.Of("这家店周末几点关门");

        Assert.Equal([2], reserved.In($"第一行\n{line}\n第三行").Select(hit => hit.Line));
    }

    [Theory]
    [InlineData("这家店周末")] // 4 shared bigrams of 8: 0.5
    [InlineData("周末几点到校，几点关灯")]
    [InlineData("几点关门")] // 3 shared bigrams of 8
    public void A_line_that_shares_a_few_words_is_not(string line) =>
        Assert.Empty(ReservedQuestions.Of("这家店周末几点关门").In(line));

    [Fact, Trait("tier", "shared")]
    public void No_line_of_a_file_that_git_tracks_is_too_like_a_reserved_question()
    {
        var reserved = ReservedQuestions.Load(Reference.Shared(Path.Combine("hooks", "reserved_bigrams.json")));
        var files = TrackedFiles();
        Tier.Needs(Tier.Shared, files.Count > 0, $"git lists no files of {Reference.Root}");

        var read = 0;
        var alike = new List<string>();
        foreach (var file in files)
        {
            if (TextOf(Path.Combine(Reference.Root, file)) is not { } text) continue;
            read++;
            alike.AddRange(reserved.In(text).Select(hit => $"{file}:{hit.Line}: {hit.Piece}"));
        }

        Assert.InRange(read, files.Count / 2, files.Count);
        Assert.Empty(alike);
    }

    /// <summary>The files' text; null for those that are removed or are not text.</summary>
    static string? TextOf(string file)
    {
        try
        {
            return File.Exists(file) ? new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file)) : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    static IReadOnlyList<string> TrackedFiles()
    {
        try
        {
            var start = new ProcessStartInfo("git", ["ls-files", "-z"])
            {
                WorkingDirectory = Reference.Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var git = Process.Start(start)!;
            git.ErrorDataReceived += (_, _) => { };
            git.BeginErrorReadLine();
            return git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return [];
        }
    }
}
