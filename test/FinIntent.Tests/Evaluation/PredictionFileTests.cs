using System.Text.Json.Nodes;
using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class PredictionFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    string File1 => _folder["p.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_prediction_is_one_readable_line_and_comes_back()
    {
        var prediction = Sample("7") with
        {
            Output = "选项B。\n",
            Probabilities = new Dictionary<string, double> { ["A"] = 0.25, ["B"] = 0.75 },
            Options = new Dictionary<string, string> { ["A"] = "个股问询", ["B"] = "大盘问询" },
        };

        var line = prediction.ToLine();

        Assert.Equal(
            """{"id":"7","question":"大盘?","gold":"A","output":"选项B。\n","probabilities":{"A":0.25,"B":0.75},"options":{"A":"个股问询","B":"大盘问询"},"model":"m"}""", line);
        Assert.Equal(line, Prediction.Parse(line, "").ToLine());
    }

    [Theory]
    [InlineData("{\"id\":\"1\"}")]
    [InlineData("[]")]
    [InlineData("{\"id\":\"1\",\"question\":")]
    public void A_line_that_is_no_prediction_is_named(string line)
    {
        File.WriteAllText(File1, Sample("0").ToLine() + "\n" + line + "\n");

        Assert.Contains($"{File1}:2", Assert.Throws<UserErrorException>(() => PredictionFile.Read(File1)).Message);
    }

    [Fact]
    public void A_line_cut_short_by_a_crash_is_dropped_and_written_anew()
    {
        using (var file = PredictionFile.Open(File1, Run("a"))) Append(file, "0", "1", "2");
        var whole = File.ReadAllBytes(File1);
        for (var cut = whole.Length - 1; cut > whole.Length - 40; cut--)
        {
            File.WriteAllBytes(File1, whole[..cut]);

            using (var file = PredictionFile.Open(File1, Run("a")))
            {
                Assert.Equal(["0", "1"], file.Done.Select(p => p.Id));
                Append(file, "2");
            }
            Assert.Equal(whole, File.ReadAllBytes(File1));
        }
    }

    [Fact]
    public void Other_settings_are_refused_with_both_values_and_overwriting_starts_anew()
    {
        using (var file = PredictionFile.Open(File1, Run("a"))) Append(file, "0");

        var error = Assert.Throws<UserErrorException>(() => PredictionFile.Open(File1, Run("b")));
        Assert.Contains("\"a\"", error.Message);
        Assert.Contains("\"b\"", error.Message);

        using var anew = PredictionFile.Open(File1, Run("b"), overwrite: true);
        Assert.Empty(anew.Done);
    }

    [Fact]
    public void A_setting_that_is_no_longer_given_is_another_one_and_null_is_none()
    {
        var run = Run("a");
        run["merge_adapter"] = false;
        run["default_system"] = null;
        using (var file = PredictionFile.Open(File1, run)) Append(file, "0");

        Assert.Contains("made with merge_adapter false, now it is unset",
            Assert.Throws<UserErrorException>(() => PredictionFile.Open(File1, Run("a"))).Message);
        run.Remove("default_system");
        using var same = PredictionFile.Open(File1, run);
        Assert.Single(same.Done);
    }

    [Fact]
    public void Two_runs_do_not_write_one_file()
    {
        using var first = PredictionFile.Open(File1, Run("a"));

        Assert.Contains("another run", Assert.Throws<UserErrorException>(() => PredictionFile.Open(File1, Run("a"))).Message);
    }

    [Fact]
    public void Predictions_of_other_questions_are_refused()
    {
        using var file = PredictionFile.Open(File1, Run("a"));
        Append(file, "0", "1");
        file.Dispose();

        using var again = PredictionFile.Open(File1, Run("a"));
        Assert.Equal(["0", "1"], again.DoneOf([("0", "大盘?"), ("1", "大盘?"), ("2", "new")]).Keys);
        Assert.Contains("\"other\"", Assert.Throws<UserErrorException>(() => again.DoneOf([("0", "大盘?"), ("1", "other")])).Message);
        Assert.Throws<UserErrorException>(() => again.DoneOf([("0", "大盘?")]));
    }

    static void Append(PredictionFile file, params string[] ids)
    {
        foreach (var id in ids) file.Append(Sample(id));
    }

    static JsonObject Run(string value) => new() { ["template"] = value };

    static Prediction Sample(string id) => new() { Id = id, Question = "大盘?", Gold = "A", Model = "m" };
}
