using System.Diagnostics;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class AnswerTextTests
{
    [Theory]
    [InlineData("<think>\nA 还是 C？\n</think>\n\nB", "\n\nB")]
    [InlineData("A 还是 C？\n</think>\n\nB", "\n\nB")]
    [InlineData("<think></think>B", "B")]
    [InlineData("<think>A</think>B<think>C</think>", "B")]
    [InlineData("<think>A<think>C</think>D</think>B", "B")]
    [InlineData("<thinking>A</thinking> B", " B")]
    [InlineData("<think duration=\"3\">A</think>B", "B")]
    [InlineData("<seed:think>A</seed:think>B", "B")]
    [InlineData("◁think▷A◁/think▷B", "B")]
    [InlineData("[THINK]A[/THINK]B", "B")]
    [InlineData("<|START_THINKING|>A<|END_THINKING|><|START_RESPONSE|>B<|END_RESPONSE|>", "B")]
    [InlineData("<|begin_of_thought|>A<|end_of_thought|><|begin_of_solution|>B<|end_of_solution|>", "B")]
    [InlineData("<think>\nA\n</think>\n<answer>\nB\n</answer>", "\n\nB\n")]
    [InlineData("<|channel|>analysis<|message|>A?<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", "B")]
    [InlineData("analysisPerhaps A.assistantfinalB", "B")]
    [InlineData("<|channel>thought\nA<channel|>B", "B")]
    [InlineData("<unused94>thought\nA<unused95>B", "B")]
    public void Thoughts_are_taken_off(string answer, string expected) =>
        Assert.Equal((expected, false), (AnswerText.Of(answer).Text, AnswerText.Of(answer).IsUnfinished));

    [Theory]
    [InlineData("<think>\nA")]
    [InlineData("<think>A</think>B<think>")]
    [InlineData("◁think▷A")]
    [InlineData("[THINK]A B")]
    [InlineData("<|channel|>analysis<|message|>A")]
    public void An_answer_that_ends_inside_a_thought_is_unfinished_and_no_rule_reads_it(string answer)
    {
        Assert.True(AnswerText.Of(answer).IsUnfinished);
        Assert.All(AnswerReading.Rules, rule => Assert.Null(AnswerReading.Read(answer, rule, IntentOptions.OpenFinData)));
    }

    [Theory]
    [InlineData("B")]
    [InlineData("a < b, c > d [E]")]
    [InlineData("<b>B</b>")]
    [InlineData("analysis of A")]
    [InlineData("<answer>B</answer>")]
    public void What_has_no_thoughts_is_left_as_it_is(string answer) => Assert.Equal(new(answer, false), AnswerText.Of(answer));

    [Fact]
    public void The_rules_read_what_follows_the_thoughts() => Assert.All(AnswerReading.Rules, rule =>
        Assert.Equal("B", AnswerReading.Read("<think>A 或 C，选项E</think>\nB", rule, IntentOptions.OpenFinData)));

    [Theory]
    [InlineData("<think>")]
    [InlineData("</think>")]
    [InlineData("<think ")]
    [InlineData("<|channel|>analysis")]
    [InlineData("[")]
    public void Long_answers_of_nothing_but_tags_take_no_time(string part)
    {
        var answer = string.Concat(Enumerable.Repeat(part, 10_000));

        var start = Stopwatch.GetTimestamp();
        foreach (var rule in AnswerReading.Rules) AnswerReading.Read(answer, rule, IntentOptions.OpenFinData);

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 3);
    }
}
