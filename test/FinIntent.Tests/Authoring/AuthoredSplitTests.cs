using FinIntent.Authoring;
using FinIntent.Curation;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class AuthoredSplitTests
{
    static AuthoredFiles Files(double share) => new("", IntentSchema.OpenFinData, share, IsPriced: false, Seed: 3, _ => { });

    // Questions of their own, each twice: as a model wrote it, and with a sign that a person put behind it.
    static readonly (string Question, int Intent)[] Pairs =
        [.. Enumerable.Range(0, 60).SelectMany(i => new[] { $"{Own(i)}", $"{Own(i)}！" }.Select(question => (question, i % 3)))];

    static string Own(int i) => string.Concat(Enumerable.Range(0, 12).Select(k => (char)('一' + i * 12 + k)));

    [Fact]
    public void Near_duplicates_are_on_one_side_of_an_authored_set()
    {
        var parts = Files(0.2).Split(Pairs);

        Assert.All(Enumerable.Range(0, 60), i => Assert.Equal(parts[2 * i], parts[2 * i + 1]));
        // A fifth of each intent's 40 rows.
        Assert.Equal([8, 8, 8], Enumerable.Range(0, 3)
            .Select(intent => Pairs.Zip(parts).Count(row => row == ((row.First.Question, intent), SplitPart.Val))));
    }

    [Fact]
    public void The_number_of_validation_rows_is_the_number_asked_for()
    {
        var questions = Enumerable.Range(0, 61).Select(i => (Own(i), i % 5)).ToList();

        Assert.Equal(7, Files(7 / 61.0).Split(questions).Count(part => part == SplitPart.Val));
    }
}
