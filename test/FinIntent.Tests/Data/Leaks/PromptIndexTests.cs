using FinIntent.Data.Leaks;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

public sealed class PromptIndexTests
{
    [Fact]
    public void The_first_row_of_a_prompt_is_found_among_many()
    {
        var random = new Random(3);
        using var index = new PromptIndex();
        Dictionary<ulong, SeenPrompt> first = [];
        // Many share the upper half, so that slots and tags collide.
        for (var i = 0; i < 50_000; i++)
        {
            var row = new SeenPrompt(((ulong)random.Next(2000) << 32) | (uint)random.Next(20), (ulong)random.Next(3), i);

            Assert.Equal(first.TryGetValue(row.Prompt, out var seen) ? seen : null, index.Add(row));
            first.TryAdd(row.Prompt, row);
        }
    }
}
