using FinIntent.Generation;
using Xunit;

namespace FinIntent.Tests.Generation;

public sealed class StopWordsTests
{
    [Fact]
    public void An_answer_ends_before_the_first_stop_word_wherever_the_pieces_are_cut()
    {
        const string Text = "选项B。\n问句: 下一个END";
        for (var size = 1; size <= Text.Length; size++)
        {
            var words = new StopWords(["END", "\n问句"]);
            var given = string.Concat(Text.Chunk(size).Select(piece => words.Append(new string(piece)))) + words.Finish();

            Assert.Equal("选项B。", given);
            Assert.True(words.HasStopped);
        }
    }

    [Fact]
    public void What_may_become_a_stop_word_waits_and_comes_when_it_does_not()
    {
        var words = new StopWords(["###"]);

        Assert.Equal("a", words.Append("a##"));
        Assert.Equal("##b", words.Append("b"));
        Assert.Equal("", words.Append("#"));
        Assert.Equal("#", words.Finish());
    }

    [Fact]
    public void Leading_blanks_are_cut_and_inner_ones_are_not()
    {
        var words = new StopWords([]);

        Assert.Equal(["", "A", " \n", "B"], new[] { "\n ", "A", " \n", "B" }.Select(words.Append));
    }
}
