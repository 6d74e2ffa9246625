using FinIntent.Curation;
using FinIntent.Data.Leaks;
using Xunit;

namespace FinIntent.Tests.Curation;

public sealed class NearDuplicatesTests
{
    // b is a with one letter more at each end, c is b so again: a – b and b – c are alike, a – c are not.
    const string A = "abcdefghij", B = "xabcdefghijy", C = "zxabcdefghijyw", Other = "0123456789";

    [Fact]
    public void Pairs_have_their_jaccard_similarity_and_come_once()
    {
        var pairs = NearDuplicates.Pairs([A, Other, B, A]);

        // 9 bigrams of 11 are shared.
        Assert.Equal([new(0, 2, 9 / 11.0, false), new(0, 3, 1, true), new(2, 3, 9 / 11.0, false)], pairs);
    }

    [Fact]
    public void Signs_and_capitals_do_not_make_questions_different() =>
        Assert.Single(NearDuplicates.Pairs(["where's my card?!", "WHERES MY CARD"]));

    [Fact]
    public void Groups_join_through_others()
    {
        string[] chain = ["abcdefgh", "abcdefghijk", "abcdefghijklmnop", Other];
        Assert.True(BigramIndex.Similarity(chain[0], chain[1]) >= 0.6 && BigramIndex.Similarity(chain[1], chain[2]) >= 0.6
            && BigramIndex.Similarity(chain[0], chain[2]) < 0.6);

        Assert.Equal([0, 1, 0, 0], NearDuplicates.Groups([chain[2], Other, chain[0], chain[1]]));
    }

    [Fact]
    public void A_set_without_likeness_is_as_many_groups() => Assert.Equal([0, 1, 2], NearDuplicates.Groups(["", "one", Other + C]));
}
