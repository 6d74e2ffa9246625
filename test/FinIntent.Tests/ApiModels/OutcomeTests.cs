using FinIntent.ApiModels;
using Xunit;

namespace FinIntent.Tests.ApiModels;

/// <summary>Every HTTP answer comes to one outcome, and every row of the table decides one.</summary>
public sealed class OutcomeTests
{
    public static TheoryData<string> Names => [.. VendorReply.All.Select(reply => reply.Name)];

    [Theory, MemberData(nameof(Names))]
    public void A_reply_comes_to_one_outcome_with_its_remedy_and_its_word(string name)
    {
        var vendor = VendorReply.Named(name);

        Assert.Equal((vendor.Outcome, vendor.Remedy, vendor.Word), vendor.Read().Judge());
    }

    [Fact]
    public void Every_row_of_the_table_decides_a_reply()
    {
        var decided = VendorReply.All.Select(vendor => vendor.Read())
            .Select(reply => reply.Error is null ? OutcomeRule.OfFinish(reply) : OutcomeRule.OfError(reply)).ToHashSet();

        Assert.Empty(OutcomeRule.All.Where(rule => !decided.Contains(rule)).Select(rule => rule.Row));
    }

    [Fact]
    public void A_text_that_was_cut_inside_a_character_keeps_the_rest()
    {
        var reply = VendorReply.Named("Half a surrogate pair").Read();

        Assert.Equal("B \ufffd", reply.Text);
    }

    [Fact]
    public void Tokens_are_counted_with_those_that_were_cached()
    {
        var reply = VendorReply.Named("Anthropic's answer").Read();

        Assert.Equal((9, 2), (reply.InputTokens, reply.OutputTokens));
    }

    /// <summary>Whatever bytes come with whatever status, they are an outcome or no answer.</summary>
    [Fact]
    public void A_damaged_reply_comes_to_one_outcome_or_is_told()
    {
        const string Signs = "{}[]\",:\\0é字 ";
        var random = new Random(15);
        foreach (var vendor in VendorReply.All)
            for (var i = 0; i < 60; i++)
            {
                var body = vendor.Body;
                for (var n = random.Next(1, 4); n > 0 && body.Length > 1; n--)
                {
                    var (at, length) = (random.Next(body.Length), random.Next(1, 9));
                    var rest = body[Math.Min(body.Length, at + length)..];
                    body = body[..at] + (random.Next(2) == 0 ? "" : $"{Signs[random.Next(Signs.Length)]}") + rest;
                }
                try
                {
                    Assert.True(Enum.IsDefined(ReplyReader.Read(vendor.Head, body).Judge().Outcome));
                }
                catch (FormatException)
                {
                    // It came with 200 and is neither an answer nor an error.
                }
            }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("\"B\"")]
    [InlineData("<html>")]
    [InlineData("{\"choices\":[]}")]
    [InlineData("{\"choices\":[{\"message\":{\"role\":\"assistant\"}}]}")]
    [InlineData("{\"choices\":[7]}")]
    public void What_is_neither_an_answer_nor_an_error_is_told(string body) =>
        Assert.Throws<FormatException>(() => ReplyReader.Read(new ApiReply(200, "host"), body));
}
