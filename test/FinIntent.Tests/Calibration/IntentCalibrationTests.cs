using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Evaluation.Reports;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Calibration;

public sealed class IntentCalibrationTests : IDisposable
{
    const int Width = 6;

    static readonly CalibrationSubject Subject =
        new("base", ["adapter"], IntentOptions.Lettered(["a", "b", "c"]), "Which? {question}") { Template = "default" };

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 19, 0.95, 18), InlineData(1, 19, 0.95, 18), InlineData(0, 18, 0.95, int.MaxValue), InlineData(0, 99, 0.9, 89)]
    public void The_quantile_is_the_row_that_one_more_row_asks_for(int seed, int rows, double coverage, int place)
    {
        var made = Rows(seed, rows);
        var scores = made.Select(r => LogitScaling.LossOf(r.Reading.Logits, r.Gold!.Value)).Order().ToList();

        var sets = PredictionSets.Of(made, coverage);

        Assert.Equal(place == int.MaxValue ? double.PositiveInfinity : scores[place], sets.Quantile);
    }

    [Fact]
    public void A_set_includes_every_option_as_probable_as_the_row_at_the_quantile()
    {
        List<CalibrationRow> rows = [.. Enumerable.Repeat(new CalibrationRow(new([1, 0, 1], new float[Width]), 0), 30)];

        var sets = PredictionSets.Of(rows, 0.9);

        Assert.Equal([0, 2], sets.Of([1, 0, 1], [0.4, 0.2, 0.4]));
        Assert.Equal([2, 0], sets.Of([1, 0, 1], [0.3, 0.2, 0.5]));
        Assert.Empty(sets.Of([0, 0, 0], [0.3, 0.3, 0.3]));
    }

    /// <summary>The promise is for rows and questions that are drawn alike, and nothing that is fitted to the rows may break it.</summary>
    [Fact]
    public void Sets_hold_the_right_option_as_often_as_was_asked()
    {
        const int Draws = 400, N = 39;
        foreach (var coverage in (double[])[0.8, 0.9, 0.95])
        {
            var held = 0.0;
            for (var draw = 0; draw < Draws; draw++)
            {
                var sets = PredictionSets.Of(Rows(2 * draw, N), coverage);
                held += Rows(2 * draw + 1, 100).Average(r => sets.Holds(r.Reading.Logits, r.Gold!.Value) ? 1 : 0) / Draws;
            }

            // ⌈40 · coverage⌉ / 40, within four standard errors of the mean over draws.
            var exact = Math.Ceiling((N + 1) * coverage - 1e-9) / (N + 1);
            Assert.Equal(exact, held, 4 * Math.Sqrt(exact * (1 - exact) * (1.0 / (N + 2) + 1.0 / 100) / Draws));
        }
    }

    [Fact]
    public void An_accuracy_is_promised_only_where_the_rows_show_it()
    {
        List<(double, bool)> answers = [.. Enumerable.Range(0, 500).Select(i => (1 - i / 1000.0, i < 300 || i % 4 != 0))];

        var reached = Abstention.ForAccuracy(answers, 0.95, 0.95);
        var error = Assert.Throws<UserErrorException>(() => Abstention.ForAccuracy(answers[..20], 0.95, 0.95));

        Assert.InRange(reached.Answered, 300, 360);
        Assert.True(reached.AccuracyBound >= 0.95);
        Assert.Equal(reached.AccuracyBound!.Value, ExactBinomial.LowerBound(reached.Right, reached.Answered, 0.05 / 20), 1e-12);
        Assert.Contains("abstain_accuracy: 20 rows cannot show an accuracy of 0.95", error.Message);
        Assert.Contains("20 of 20", error.Message);
    }

    [Fact]
    public void Answers_that_are_as_sure_as_the_last_one_are_given_too()
    {
        (double, bool)[] answers = [(0.9, true), (0.8, true), (0.8, false), (0.8, true), (0.5, false)];

        var half = Abstention.ForCoverage(answers, 0.4);

        Assert.Equal((0.8, 4, 3, 5), (half.Threshold, half.Answered, half.Right, half.Rows));
    }

    [Fact]
    public void Offsets_need_forty_rows_of_a_class_and_rows_that_gain_by_them()
    {
        List<CalibrationRow> few = [.. Rows(1, 60).Where(r => r.Gold == 0).Take(39), .. Rows(1, 60).Where(r => r.Gold != 0).Take(30)];
        var biased = Rows(3, 300).Select(r =>
            r with { Reading = new([r.Reading.Logits[0] + 3, .. r.Reading.Logits[1..]], r.Reading.State) });

        Assert.Null(ScalingFit.Of(few).WithOffsets);
        Assert.True(ScalingFit.Of([.. biased]).WithOffsets!.Helps);
        Assert.InRange(ScalingFit.Of([.. biased]).Scaling.Offsets![0], -6, -0.5);
    }

    [Fact]
    public void A_temperature_stays_within_its_bounds()
    {
        List<CalibrationRow> right = [.. Enumerable.Range(0, 30).Select(i => new CalibrationRow(new([2, 0, -1], new float[Width]), 0))];
        List<CalibrationRow> wrong = [.. right.Select(r => r with { Gold = 2 })];

        Assert.Equal((ScalingFit.LowestTemperature, true), (ScalingFit.Of(right).Scaling.Temperature, ScalingFit.Of(right).IsAtBound));
        Assert.Equal(ScalingFit.HighestTemperature, ScalingFit.Of(wrong).Scaling.Temperature);
    }

    [Fact]
    public void A_loss_is_exact_where_the_probability_is_rounded_to_one()
    {
        Assert.Equal(2 * Math.Exp(-50), LogitScaling.LossOf([50, 0, 0], 0), 1e-12 * Math.Exp(-50));
        Assert.Equal(50, LogitScaling.LossOf([50, 0, 0], 1), 1e-12);
    }

    public static TheoryData<string> Kinds => new(Enum.GetNames<OutOfScopeKind>());

    [Theory, MemberData(nameof(Kinds))]
    public void A_calibration_is_read_as_it_was_written(string kind)
    {
        var (rows, outside) = (Rows(5, 80), Outside(7, 30));
        var whole = IntentCalibration.Of(Subject with { NoneOption = 2 }, rows, outside, new() { AbstainCoverage = 0.8 });
        var score = OutOfScopeScore.Fit(Enum.Parse<OutOfScopeKind>(kind), [.. rows.Where(r => r.Gold != 2)], outside, 2)!;
        whole = whole with { OutOfScope = whole.OutOfScope! with { Score = score } };

        CalibrationFile.Write(_folder.Path, whole);
        var read = CalibrationFile.Read(_folder.Path)!;

        Assert.Null(read.Subject.Difference(whole.Subject));
        Assert.Equal(2, read.Subject.NoneOption);
        foreach (var reading in rows.Select(r => r.Reading).Concat(outside))
        {
            var (a, b) = (whole.Apply(reading), read.Apply(reading));
            Assert.Equal(a.Probabilities, b.Probabilities);
            Assert.Equal(a.PredictionSet, b.PredictionSet);
            Assert.Equal((a.Reason, a.OutOfScopeScore), (b.Reason, b.OutOfScopeScore));
        }
        Assert.Equal(whole.OutOfScope!.Candidates, read.OutOfScope!.Candidates);
    }

    [Fact]
    public void Rows_out_of_scope_choose_the_score_that_tells_them_best_and_most_rows_in_scope_pass()
    {
        var (rows, outside) = (Rows(5, 200), Outside(7, 60));

        var calibration = IntentCalibration.Of(Subject, rows, outside, new());

        var detector = calibration.OutOfScope!;
        Assert.Equal(5, detector.Candidates.Count);
        Assert.Equal(detector.Candidates.Max(c => c.Separation.AreaUnderCurve),
            detector.Candidates.Single(c => c.Kind == detector.Score.Kind).Separation.AreaUnderCurve);
        Assert.InRange(rows.Count(r => calibration.Apply(r.Reading).Reason == AbstentionReason.OutOfScope), 0, 20);
        Assert.InRange(outside.Count(r => calibration.Apply(r).Reason == AbstentionReason.OutOfScope), 45, 60);
    }

    [Fact]
    public void Without_rows_out_of_scope_nothing_is_taken_for_one()
    {
        var calibration = IntentCalibration.Of(Subject, Rows(5, 40), [], new());

        var answer = calibration.Apply(new([0, 0, 0], new float[Width]));

        Assert.Null(calibration.OutOfScope);
        Assert.Equal((null, null, false), (answer.Reason, answer.OutOfScopeScore, answer.IsAbstained));
        Assert.Equal(1, answer.Probabilities.Sum(), 1e-12);
    }

    [Fact]
    public void What_was_found_is_told_in_both_languages()
    {
        var whole = IntentCalibration.Of(Subject, Rows(5, 80), Outside(7, 30), new() { AbstainAccuracy = 0.3 });
        var least = IntentCalibration.Of(Subject, Rows(5, 20), [], new() { Coverage = 0.99 });

        var (english, chinese) = (CalibrationText.Of(whole, Language.English), CalibrationText.Of(whole, Language.Chinese));

        Assert.Contains("80 rows: temperature ", english);
        Assert.Contains("the accuracy is at least", english);
        Assert.Contains("80 行：温度", chinese);
        Assert.Contains("精确二项下界", chinese);
        Assert.Equal(english.Count(c => c == '\n'), chinese.Count(c => c == '\n'));
        Assert.Contains("20 rows are too few to leave any intent out at 99.0 %", CalibrationText.Of(least, Language.English));
        Assert.Contains("set out_of_scope_file", CalibrationText.Of(least, Language.English));
    }

    [Fact]
    public void Too_few_rows_and_damaged_files_are_refused_with_the_remedy()
    {
        Assert.Contains("19 rows are too few", Assert.Throws<UserErrorException>(
            () => IntentCalibration.Of(Subject, Rows(1, 19), [], new())).Message);
        Assert.Null(CalibrationFile.Read(_folder.Path));
        CalibrationFile.Write(_folder.Path, IntentCalibration.Of(Subject, Rows(5, 80), Outside(7, 30), new()));
        var path = CalibrationFile.PathIn(_folder.Path);
        var text = File.ReadAllText(path);

        File.WriteAllText(path, text.Replace("\"temperature\"", "\"temperatur\""));
        Assert.Contains("run `finintent calibrate` again", ReadError());
        File.WriteAllText(path, text.Replace("\"format_version\": 1", "\"format_version\": 2"));
        Assert.Contains("wrote it in format 2", ReadError());
        File.WriteAllText(path, text);
        using (var states = new FileStream(_folder["intent_calibration.safetensors"], FileMode.Append)) states.WriteByte(0);
        Assert.Contains("its digest is", ReadError());
        File.Delete(_folder["intent_calibration.safetensors"]);
        Assert.Contains("not there", ReadError());

        string ReadError() => Assert.Throws<UserErrorException>(() => CalibrationFile.Read(_folder.Path)).Message;
    }

    [Fact]
    public void What_differs_is_named_with_both_values()
    {
        Assert.Null(Subject.Difference(Subject with { }));
        Assert.Contains("fingerprint base, and this one has other", Subject.Difference(Subject with { BaseFingerprint = "other" }));
        Assert.Contains("adapter adapter, and now there is no adapter", Subject.Difference(Subject with { AdapterFingerprints = [] }));
        Assert.Contains("A a, B b, C c, and now they are A a, B x, C c",
            Subject.Difference(Subject with { Options = IntentOptions.Lettered(["a", "x", "c"]) }));
        Assert.Contains("\"Which? {question}\", and now it is \"What? {question}\"",
            Subject.Difference(Subject with { Prompt = "What? {question}" }));
        Assert.Contains("template default, and now it is qwen", Subject.Difference(Subject with { Template = "qwen" }));
        Assert.Contains("form plain, and now they are nf4", Subject.Difference(Subject with { BaseFormat = "nf4" }));
    }

    /// <summary>Rows whose logits and states lean towards the right one of three options.</summary>
    static List<CalibrationRow> Rows(int seed, int count)
    {
        var random = new SplitMix64((ulong)seed * 7919 + 1);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var gold = random.Below(3);
            double[] logits = [.. Enumerable.Range(0, 3).Select(k => 4 * Bell(ref random) + (k == gold ? 2 : 0))];
            float[] state = [.. Enumerable.Range(0, Width).Select(c => (float)(Bell(ref random) + (c == gold ? 4 : 0)))];
            return new CalibrationRow(new(logits, state), gold);
        })];
    }

    static List<OptionReading> Outside(int seed, int count)
    {
        var random = new SplitMix64((ulong)seed);
        return [.. Enumerable.Range(0, count).Select(_ => new OptionReading([.. Enumerable.Range(0, 3).Select(k => Bell(ref random))],
            [.. Enumerable.Range(0, Width).Select(c => (float)(Bell(ref random) + (c == 4 ? 4 : 0)))]))];
    }

    static double Bell(ref SplitMix64 random) => random.Uniform() + random.Uniform() + random.Uniform() - 1.5;
}
