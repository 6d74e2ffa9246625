using FinIntent.EmbeddedModel.Sources;
using FinIntent.EmbeddedModel.Teaching;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.EmbeddedModel;

public sealed class TeachGeneratorTests
{
    [Fact]
    public void The_same_seed_gives_the_same_rows_and_another_seed_others()
    {
        var first = Generator(new()).Rows(300, seed: 7).ToList();

        Assert.Equal(first, Generator(new()).Rows(300, seed: 7));
        Assert.NotEqual(first, Generator(new()).Rows(300, seed: 8));
    }

    [Fact]
    public void No_question_is_near_a_reserved_one()
    {
        // Every plain service question is reserved, so about one draw of them in three must be refused.
        LeakFilter leaks = new(), check = new();
        foreach (var template in Teach().Templates["service"].Where((t, i) => i % 3 == 0 && !t.Text.Contains('{')))
        {
            leaks.Reserve(template.Text);
            check.Reserve(template.Text);
        }
        var questions = Generator(leaks).Questions;

        var random = new Random(3);
        for (var i = 0; i < 2000; i++) Assert.True(check.Allows(questions.Draw("service", random).Text));

        Assert.True(leaks.Dropped > 300, $"{leaks.Dropped} questions dropped");
    }

    [Fact]
    public void The_five_intents_are_drawn_equally_often()
    {
        var questions = Generator(new()).Questions;
        var random = new Random(1);

        var counts = Enumerable.Range(0, 5000).Select(_ => questions.DrawIntent(random).Topic).CountBy(topic => topic).ToList();

        Assert.Equal(5, counts.Count);
        Assert.All(counts, count => Assert.InRange(count.Value, 900, 1100)); // 1000 ± 3.5 standard deviations
    }

    [Fact]
    public void No_letter_of_five_options_is_right_more_often_than_another()
    {
        var rows = Generator(new()).Rows(12_000, seed: 5)
            .Where(row => row.Output is ['A' or 'B' or 'C' or 'D' or 'E'] && IntentPrompt.Parse(row.Prompt) is { Options.Count: 5 })
            .ToList();

        Assert.True(rows.Count > 1500, $"{rows.Count} rows");
        Assert.All(rows.CountBy(row => row.Output), count => Assert.InRange((double)count.Value / rows.Count, 0.16, 0.24));
    }

    [Fact]
    public void The_task_the_demo_is_scored_on_is_never_taught()
    {
        var demo = IntentPrompt.For("问", IntentOptions.OpenFinData).Text;
        var opening = demo[..demo.IndexOf('\n', StringComparison.Ordinal)];

        foreach (var row in Generator(new()).Rows(20_000, seed: 11))
        {
            Assert.DoesNotContain(opening, row.Prompt, StringComparison.Ordinal);
            Assert.False(IntentOptions.OpenFinData.All(option => row.Prompt.Contains(option.Name, StringComparison.Ordinal)), row.Prompt);
        }
    }

    [Fact]
    public void No_slot_and_no_mark_is_left_in_a_row() =>
        Assert.All(Generator(new()).Rows(5000, seed: 2), row => Assert.DoesNotContain('{', row.Prompt + row.Output));

    static TeachGenerator Generator(LeakFilter leaks) => new(Teach(), new(new(Reference.Path("fixtures/corpus")), Teach()), leaks);

    internal static TeachText Teach() => TeachText.Load(Path.Combine(Reference.Root, "data", "teach"));
}
