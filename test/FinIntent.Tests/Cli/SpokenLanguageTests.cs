using FinIntent.Cli;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class SpokenLanguageTests
{
    [Theory]
    [InlineData(null, null, null, Language.English)]
    [InlineData(null, null, "C.UTF-8", Language.English)]
    [InlineData(null, null, "zh_CN.UTF-8", Language.Chinese)]
    [InlineData(null, "", "zh_CN.UTF-8", Language.Chinese)]
    [InlineData(null, "en_US.UTF-8", "zh_CN.UTF-8", Language.English)]
    [InlineData(null, "zh_TW", "en_US.UTF-8", Language.Chinese)]
    [InlineData("en", "zh_CN.UTF-8", null, Language.English)]
    [InlineData("zh", null, "en_US.UTF-8", Language.Chinese)]
    public void The_option_wins_over_the_environment(string? given, string? all, string? lang, Language expected) =>
        Assert.Equal(expected, SpokenLanguage.Of(given, name => name switch { "LC_ALL" => all, "LANG" => lang, _ => null }).Text);

    [Fact]
    public void Reports_stay_Chinese_until_a_language_is_asked_for()
    {
        Assert.Equal(Language.Chinese, SpokenLanguage.Of(null, _ => "en_US.UTF-8").Reports);
        Assert.Equal(Language.English, SpokenLanguage.Of("en", _ => null).Reports);
        Assert.Equal(Language.Chinese, SpokenLanguage.Of("zh", _ => null).Reports);
    }
}
