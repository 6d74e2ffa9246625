using System.Text.Json.Nodes;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class LabelSetFinderTests
{
    static readonly string[] Questions =
        ["where is my card", "where is my refund", "what is the fee", "who can help me", "is it open", "why so slow", "which card", "how"];

    static IReadOnlyList<(string?, string)> Rows(string before, string middle, string options) =>
        [.. Questions.Select(q => ((string?)null, $"{before}{q}{middle}{options}\n\nAnswer."))];

    [Theory]
    [InlineData("Which queue?\nMessage: ", "\nQueues:\n")]
    [InlineData("Classify.\n", "\n\n")]
    [InlineData("问句: ", "\n")]
    public void Words_around_the_questions_are_found(string before, string middle)
    {
        var set = Assert.Single(LabelSetFinder.Find("cards", Rows(before, middle, "- card\n- fee\n- other")));

        Assert.Equal("cards", set.Name);
        Assert.Equal(["card", "fee", "other"], set.Options.Select(o => o.Label));
        foreach (var (row, question) in Rows(before, middle, "- card\n- fee\n- other").Zip(Questions))
            Assert.Equal(row.Item2, set.Prompt(question).Text);
    }

    [Fact]
    public void Several_sets_are_told_apart_and_rare_ones_left_out()
    {
        List<(string?, string)> rows =
        [
            .. Rows("问句: ", "\n", "A. card\nB. fee"), .. Rows("问句: ", "\n", "A. card\nB. fee"),
            .. Rows("问句: ", "\n", "A. up\nB. down\nC. flat"), (null, "问句: x\nA. one\nB. two\n\nAnswer."),
        ];

        var sets = LabelSetFinder.Find("mixed", rows);

        Assert.Equal(["mixed", "mixed_2"], sets.Select(s => s.Name));
        Assert.Equal([2, 3], sets.Select(s => s.Options.Count));
    }

    [Fact]
    public void Rows_without_options_or_with_options_in_another_form_have_no_set()
    {
        Assert.Empty(LabelSetFinder.Find("chat", [.. Questions.Select(q => ((string?)null, q))]));
        Assert.Empty(LabelSetFinder.Find("other", Rows("问句: ", "\n", "A、card\nB、fee")));
    }

    [Fact]
    public void A_set_reads_back_as_it_was_written()
    {
        var schema = IntentSchema.OpenFinData;
        var set = LabelSet.Of(schema, "系统");

        var read = Assert.Single(LabelSet.ReadAll([JsonNode.Parse(set.ToJson().ToJsonString())], "run.json"));

        Assert.Equal(schema.Prompt("茅台{question}").Text, read.Prompt("茅台{question}").Text);
        Assert.Equal((set.Name, set.System), (read.Name, read.System));
        Assert.Equal(set.Options, read.Options);
        var damaged = Assert.Throws<UserErrorException>(() => LabelSet.ReadAll([new JsonObject { ["name"] = "x" }], "run.json"));
        Assert.StartsWith("run.json: label_sets is damaged", damaged.Message);
    }
}
