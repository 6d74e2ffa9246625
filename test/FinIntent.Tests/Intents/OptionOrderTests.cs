using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class OptionOrderTests
{
    static readonly IReadOnlyList<IntentOption> Options = IntentOptions.Lettered(["行业", "个股", "大盘"]);

    static readonly EvaluationQuestion Question = new("7", "茅台", Options, "B", IntentPrompt.For("茅台", Options));

    [Fact]
    public void Rotations_are_the_cyclic_shifts_and_all_are_sorted_with_the_own_order_first()
    {
        Assert.Equal(["ABC", "BCA", "CAB"], Names(OptionOrders.Of("rotations", 3, 1)));
        Assert.Equal(["ABC", "ACB", "BAC", "BCA", "CAB", "CBA"], Names(OptionOrders.Of("all", 3, 1)));
        Assert.Equal(720, OptionOrders.Of("all", 6, 1).Select(o => string.Concat(o.Places)).Distinct().Count());
    }

    [Fact]
    public void A_number_draws_distinct_orders_the_same_ones_for_a_seed()
    {
        var drawn = OptionOrders.Of("40", 5, 42).Select(o => string.Concat(o.Places)).ToList();

        Assert.Equal(40, drawn.Distinct().Count());
        Assert.Equal("01234", drawn[0]);
        Assert.All(drawn, order => Assert.Equal("01234", string.Concat(order.Order())));
        Assert.Equal(drawn, OptionOrders.Of("40", 5, 42).Select(o => string.Concat(o.Places)));
        Assert.NotEqual(drawn, OptionOrders.Of("40", 5, 43).Select(o => string.Concat(o.Places)));
        // As many as there are: all of them, in some order.
        Assert.Equal(6, OptionOrders.Of("6", 3, 1).Select(o => string.Concat(o.Places)).Distinct().Count());
    }

    [Theory]
    [InlineData("all", 7, "5,040 orders; write a number of orders to draw, such as permutations: 100, or permutations: rotations for 7")]
    [InlineData("7", 3, "permutations: 7: 3 options have 6 orders; write permutations: all, or a smaller number")]
    [InlineData("1", 3, "\"1\" is not one of rotations, all, or a number of orders from 2")]
    [InlineData("-5", 3, "\"-5\" is not one of")]
    [InlineData("every", 3, "\"every\" is not one of")]
    public void What_cannot_be_asked_is_refused_with_the_count_and_the_remedy(string permutations, int options, string message) =>
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => OptionOrders.Of(permutations, options, 1)).Message);

    [Fact]
    public void A_question_in_another_order_is_the_same_question_with_its_prompt_rewritten()
    {
        var turned = new OptionOrder([1, 2, 0]).Of(Question);

        Assert.Equal(("7@BCA", "茅台", "A"), (turned.Id, turned.Question, turned.Gold));
        Assert.Equal([new("A", "个股"), new("B", "大盘"), new("C", "行业")], turned.Options);
        Assert.Equal(IntentPrompt.For("茅台", IntentOptions.Lettered(["个股", "大盘", "行业"])).Text, turned.Prompt.Text);
        Assert.Equal(Question.Prompt.Text, OptionOrder.Own(3).Of(Question).Prompt.Text);
    }

    [Fact]
    public void Where_names_are_the_labels_the_list_is_permuted_and_the_answer_stays()
    {
        var named = IntentOptions.Named(["行业", "个股", "大盘"]);
        var turned = new OptionOrder([2, 0, 1]).Of(new("7", "茅台", named, "个股", IntentPrompt.For("茅台", named)));

        Assert.Equal(("7@3-1-2", "个股"), (turned.Id, turned.Gold));
        Assert.Equal(["大盘", "行业", "个股"], turned.Options.Select(o => o.Label));
        Assert.Contains("- 大盘\n- 行业\n- 个股\n", turned.Prompt.Text);
    }

    [Fact]
    public void Orders_of_many_names_have_short_names_that_differ()
    {
        var named = IntentOptions.Named([.. Enumerable.Range(1, 200).Select(i => $"intent {i}")]);

        var names = OptionOrders.Of("rotations", 200, 1).Concat(OptionOrders.Of("500", 200, 1).Skip(1))
            .Select(order => order.NameFor(named)).ToList();

        Assert.Equal(699, names.Distinct().Count());
        Assert.StartsWith("2-3-4-5-6-…", names[1]);
        Assert.All(names, name => Assert.True(name.Length < 40));
    }

    static IEnumerable<string> Names(IEnumerable<OptionOrder> orders) => orders.Select(o => o.NameFor(Options));
}
