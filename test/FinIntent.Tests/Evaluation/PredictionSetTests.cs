using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class PredictionSetTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_of_other_writers_are_read_whatever_their_key_order_and_further_keys()
    {
        var set = Read("""
            {"model":"m","extra":{"a":[1]},"probabilities":{"B":0.3,"A":0.7},"gold":"B","options":{"B":"两","A":"一"},"question":"q","id":7,"output":"A","seconds":0.5}

            {"id":"8","question":"q","gold":"A","output":"","probabilities":{"A":1,"B":0},"options":{"A":"一","B":"两"},"model":"m"}
            """);

        Assert.Equal(["7", "8"], set.Predictions.Select(p => p.Id));
        Assert.Equal([("A", "一"), ("B", "两")], set.Predictions[0].OptionList.Select(o => (o.Label, o.Name)));
        Assert.Equal((0.5, null), (set.Predictions[0].Seconds, set.Predictions[1].Seconds));
    }

    [Theory]
    [InlineData("""{"question":"q","gold":"A","output":"A","model":"m"}""", "id")]
    [InlineData("""{"id":"1","question":null,"gold":"A","output":"A","model":"m"}""", "question")]
    [InlineData("""{"id":true,"question":"q","gold":"A","output":"A","model":"m"}""", "an id must be text or a number")]
    [InlineData("""{"id":"1","id":"2","question":"q","gold":"A","output":"A","model":"m"}""", "id")]
    [InlineData("null", "null")]
    [InlineData("[1]", "not a prediction")]
    [InlineData("""{"id":"1","question":"q","gold":"A","outp""", "cut short")]
    [InlineData("""{"id":"1","question":"\ud800","gold":"A","output":"A","model":"m"}""", "not a prediction")]
    [InlineData("""{"id":"1","question":"q","gold":"F","output":"A","model":"m"}""", "none of the options A, B, C, D, E")]
    [InlineData("""{"id":"1","question":"q","output":"A","model":"m"}""", "has no \"gold\"")]
    [InlineData("""{"id":"1","question":"q","gold":"A","output":"A","model":"other"}""", "\"other\", but in line 1 it is \"m\"")]
    [InlineData("""{"id":"1","question":"q","gold":"A","probabilities":{"A":1,"B":0},"model":"m"}""", "no \"output\"")]
    [InlineData("""{"id":"1","question":"q","gold":"A","output":"A","options":{"A":"一","B":"两"},"model":"m"}""", "there is \"options\"")]
    [InlineData("""{"id":"1","question":"q","gold":"A","output":"A","options":{"A":"一"," ":"两"},"model":"m"}""", "empty key")]
    [InlineData("""{"id":"1","question":"q","gold":"A","output":"A","options":{"A":"一","B":"一"},"model":"m"}""", "options A and B")]
    [InlineData("""{"id":"1","question":"q","gold":"A","output":"A","options":{"A":"一","B":" "},"model":"m"}""", "option B has no name")]
    [InlineData("""{"id":"0","question":"q","gold":"A","output":"A","model":"m"}""", "already in line 1")]
    public void A_line_that_does_not_fit_is_named_with_what_is_wrong(string line, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() =>
            Read("""{"id":"0","question":"q","gold":"A","output":"A","model":"m"}""" + "\n" + line));

        Assert.Contains("p.jsonl:2: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("""{"A":0.9,"B":0.3}""", "sum to 1.2, not 1")]
    [InlineData("""{"A":1.5,"B":-0.5}""", "probability of A is 1.5")]
    [InlineData("""{"A":1}""", "nothing for option B")]
    [InlineData("""{"A":0.5,"B":0.5,"C":0}""", "\"C\", which is none of the options A, B")]
    [InlineData("""{"A":"x","B":0}""", "not a prediction")]
    public void Probabilities_are_one_for_each_option_and_sum_to_one(string probabilities, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() =>
            Read($$$"""{"id":"0","question":"q","gold":"A","probabilities":{{{probabilities}}},"options":{"A":"一","B":"两"},"model":"m"}"""));

        Assert.Contains("p.jsonl:1: ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Probabilities_rounded_to_two_decimals_are_taken_as_they_are()
    {
        Assert.Equal(0.33,
            Read("""{"id":"0","question":"q","gold":"A","probabilities":{"A":0.33,"B":0.33,"C":0.33},"model":"m"}""").Predictions[
            0].Probabilities!["A"]);
    }

    [Fact]
    public void An_empty_file_and_lines_without_an_answer_are_refused()
    {
        Assert.Contains("no predictions", Assert.Throws<UserErrorException>(() => Read("\n")).Message);
        Assert.Contains("p.jsonl:1: neither", Assert.Throws<UserErrorException>(() =>
            Read("""{"id":"0","question":"q","gold":"A","model":"m"}""")).Message);
    }

    [Fact]
    public void Models_of_one_name_are_told_apart_by_their_files()
    {
        const string line = """{"id":"0","question":"q","gold":"A","output":"A","model":"m"}""";
        Directory.CreateDirectory(_folder["x"]);
        Directory.CreateDirectory(_folder["y"]);
        string[] files = [_folder.Write("a.jsonl", line), _folder.Write("b.jsonl", line.Replace("\"m\"", "\"n\"")),
            _folder.Write("x/c.jsonl", line), _folder.Write("y/c.jsonl", line)];

        var names = PredictionSet.ReadAll(files).Select(s => s.Name);

        Assert.Equal(["m (a)", "n", $"m ({files[2].Replace('\\', '/')})", $"m ({files[3].Replace('\\', '/')})"], names);
        Assert.Contains("2 times", Assert.Throws<UserErrorException>(() => PredictionSet.ReadAll([files[0], files[0]])).Message);
    }

    PredictionSet Read(string text) => PredictionSet.Read(_folder.Write("p.jsonl", text));
}
