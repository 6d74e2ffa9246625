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
