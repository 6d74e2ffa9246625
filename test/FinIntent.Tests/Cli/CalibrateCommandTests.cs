using System.Text.Json.Nodes;
using FinIntent.Calibration;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class CalibrateCommandTests : IDisposable
{
    static readonly string[] Intents = ["退款", "物流", "发票"];

    readonly TinyChat _tiny = new();

    public CalibrateCommandTests()
    {
        _tiny.Write("schema.yaml", $"name: desk\nlanguage: zh\nlabels: letters\nintents:\n" +
            string.Concat(Intents.Select(name => $"  - name: {name}\n")));
        _tiny.Write("val.csv", Rows("甲", 45));
        _tiny.Write("eval.csv", Rows("乙", 12));
        _tiny.Write("out.csv", "question\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"{Word(i + 500)}天气{Word(i)}\n")));
        _tiny.Write("out_test.csv", "question\n" + string.Concat(Enumerable.Range(0, 5).Select(i => $"{Word(i + 900)}足球{Word(i + 70)}\n")));
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void An_evaluation_uses_the_calibration_beside_the_adapter()
    {
        Eval("plain");
        var printed = Calibrate("out_of_scope_file=" + _tiny["out.csv"], "abstain_coverage=0.8");
        var report = Eval("calibrated", "out_of_scope_file=" + _tiny["out_test.csv"]);
        Eval("off", "calibration=none");
        var plain = PredictionFile.Read(_tiny["plain/predictions.jsonl"]);
        var all = PredictionFile.Read(_tiny["calibrated/predictions.jsonl"]);
        var trust = JsonNode.Parse(File.ReadAllText(_tiny["calibrated/summary.json"]))!["models"]![0]!["trust"]!;

        Assert.Contains("45 rows: temperature", printed);
        Assert.Contains("36/45", printed);
        Assert.Contains("discriminant", printed);
        Assert.EndsWith($"-> {_tiny.Adapter}\n", printed);
        Assert.Equal(File.ReadAllBytes(_tiny["plain/predictions.jsonl"]), File.ReadAllBytes(_tiny["off/predictions.jsonl"]));
        Assert.Equal(plain.Select(p => p.ToLine()), all.Take(12).Select(p => p.Uncalibrated.ToLine()));
        Assert.All(all, p => Assert.Equal(1, p.Calibrated!.Values.Sum(), 1e-9));
        Assert.All(all, p => Assert.True(p is { Abstained: not null, PredictionSet: not null, OutOfScopeScore: not null }));
        Assert.All(all.Skip(12), p => Assert.Equal((null, true), (p.Gold, p.OutOfScope)));
        Assert.Equal(17, all.Count);
        Assert.Contains("Questions out of scope", report);
        Assert.Equal(5, (int)trust["out_of_scope"]!["count"]!);
        Assert.Equal(12, trust["prediction_sets"]!["sizes"]!.AsArray().Sum(n => (int)n!));
    }

    [Fact]
    public void A_report_reads_predictions_with_questions_out_of_scope()
    {
        Calibrate("out_of_scope_file=" + _tiny["out.csv"]);
        Eval("one", "out_of_scope_file=" + _tiny["out_test.csv"]);

        var text = CommandLine.Run(ReportCommand.Build(),
            _tiny["one/predictions.jsonl"], "--out", _tiny["report"], "--json", _tiny["report.json"]);
        var report = File.ReadAllText(_tiny["report/report.html"]) + File.ReadAllText(_tiny["report/report.md"]);

        Assert.Equal(12, (int)JsonNode.Parse(File.ReadAllText(_tiny["report.json"]))!["models"]![0]!["count"]!);
        Assert.Contains("/12", text);
        Assert.Contains("<section id=\"trust\">", report);
        Assert.Contains("## 概率可信吗", report);
        Assert.Contains("AUROC", report);
    }

    [Fact]
    public void An_exported_model_has_the_calibration_of_its_adapter()
    {
        Calibrate("out_of_scope_file=" + _tiny["out.csv"]);
        CommandLine.Run(ExportCommand.Build(), _tiny.Write("export.yaml", $"""
            model_name_or_path: {_tiny.Model}
            adapter_name_or_path: {_tiny.Adapter}
            template: qwen
            export_dir: {_tiny["out"]}
            """));
        Eval("adapter");
        Eval("merged", "model_name_or_path=" + _tiny["out"], "adapter_name_or_path=null");

        var (own, carried) = (CalibrationFile.Read(_tiny.Adapter)!, CalibrationFile.Read(_tiny["out"])!);
        Assert.Equal([own.Subject.BaseFingerprint, .. own.Subject.AdapterFingerprints], carried.Origin.MergedFrom!);
        Assert.Empty(carried.Subject.AdapterFingerprints);
        Assert.Equal(own.Fit.Scaling.Temperature, carried.Fit.Scaling.Temperature);
        var (a, b) = (PredictionFile.Read(_tiny["adapter/predictions.jsonl"]), PredictionFile.Read(_tiny["merged/predictions.jsonl"]));
        // The merged weights are rounded, so the numbers are near and not the same.
        Assert.All(a.Zip(b), pair => Assert.Equal(pair.First.Calibrated!["A"], pair.Second.Calibrated!["A"], 0.02));
    }

    [Fact]
    public void Names_of_several_tokens_and_an_intent_that_says_none_are_calibrated_too()
    {
        _tiny.Write("schema.yaml", File.ReadAllText(_tiny["schema.yaml"]).Replace("letters", "names") + "    out_of_scope: true\n");

        var printed = Calibrate();
        Eval("names");
        var predictions = PredictionFile.Read(_tiny["names/predictions.jsonl"]);

        Assert.Contains("none_intent", printed);
        Assert.Contains("30/15", printed);
        Assert.Equal(4, predictions.Count(p => p.OutOfScope == true));
        Assert.All(predictions, p => Assert.Equal(p.Gold == "发票", p.OutOfScope == true));
        Assert.All(predictions, p => Assert.Equal(Intents.Order(), p.Calibrated!.Keys.Order()));
    }

    [Fact]
    public void A_calibration_of_other_weights_or_questions_is_refused_with_both_values()
    {
        Calibrate();
        _tiny.Write("other.yaml", File.ReadAllText(_tiny["schema.yaml"]).Replace("发票", "投诉"));
        _tiny.Write("eval_other.csv", File.ReadAllText(_tiny["eval.csv"]).Replace("发票", "投诉"));
        var schema = Assert.Throws<UserErrorException>(
            () => Eval("x", "intent_schema=" + _tiny["other.yaml"], "eval_file=" + _tiny["eval_other.csv"]));
        var folder = Assert.Throws<UserErrorException>(() => Eval("x", "calibration=" + _tiny.Model));
        var noAdapter = Assert.Throws<UserErrorException>(() => Eval("x", "adapter_name_or_path=null", "calibration=" + _tiny.Adapter));

        Assert.Contains("C 发票, and now they are A 退款, B 物流, C 投诉; run `finintent calibrate` again", schema.Message);
        Assert.Contains("intent_calibration.json; name a folder", folder.Message);
        Assert.Contains("and now there is no adapter", noAdapter.Message);
    }

    [Fact]
    public void Rows_that_the_model_is_judged_by_are_not_calibrated_on()
    {
        var same = Assert.Throws<UserErrorException>(() => Calibrate("eval_file=" + _tiny["val.csv"]));
        _tiny.Write("near.csv", "question,intent\n" + File.ReadAllLines(_tiny["val.csv"])[3].Replace(",", "？,") + "\n");
        var near = Assert.Throws<UserErrorException>(() => Calibrate("leak_check_files=" + _tiny["near.csv"]));
        Calibrate();
        var asked = Assert.Throws<UserErrorException>(() => Eval("x", "eval_file=" + _tiny["val.csv"]));
        _tiny.Write("items.json", """
            [{"id": 1, "question": "你是一个意图情绪助手。请分析以下问句的意图是[大盘问询]中的哪一个？请给出正确选项。\n问句:怎么改密码", "A": "行业板块问询",
              "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "D"}]
            """);
        var reserved = Assert.Throws<UserErrorException>(() => Calibrate("calibration_file=" + _tiny["items.json"]));

        Assert.Contains("judged by these rows", same.Message);
        Assert.Contains("a calibration row asks what an evaluation question asks", near.Message);
        Assert.Contains("a calibration row asks what an evaluation question asks", asked.Message);
        Assert.Contains("OpenFinData, whose notice allows evaluation only", reserved.Message);
        Assert.Contains("calibration_file is missing", Assert.Throws<UserErrorException>(() => Calibrate("calibration_file=null")).Message);
    }

    [Fact]
    public void Keys_that_do_not_go_together_are_refused()
    {
        Assert.Contains("each sets the threshold", Error("abstain_accuracy=0.9", "abstain_coverage=0.8"));
        Assert.Contains("abstain_confidence", Error("abstain_confidence=0.9"));
        Assert.Contains("allowed are numbers above 0 to below 1", Error("coverage=1"));
        Assert.Contains("leaves nothing to write", Error("calibration=none"));
        Assert.Contains("is calibration_file, whose rows belong to the intents", Error("out_of_scope_file=" + _tiny["val.csv"]));

        string Error(params string[] keys) => Assert.Throws<UserErrorException>(() => Calibrate(keys)).Message;
    }

    [Fact]
    public void Rows_with_options_of_their_own_are_refused_where_the_schema_has_a_none_that_they_lack()
    {
        _tiny.Write("schema.yaml", File.ReadAllText(_tiny["schema.yaml"]) + "  - name: 其他\n    out_of_scope: true\n");
        var file = Path.Combine(Reference.Root, "data", "intent_val.json");

        var error = Assert.Throws<UserErrorException>(() => Calibrate("calibration_file=" + file, "out_of_scope_file=" + _tiny["out.csv"]));

        Assert.Contains("E 基金问询, and none is D 其他, which intent_schema marks with out_of_scope", error.Message);
    }

    string Calibrate(params string[] overrides) => CommandLine.Run(CalibrateCommand.Build(), [_tiny.Write("calibrate.yaml", $"""
        model_name_or_path: {_tiny.Model}
        adapter_name_or_path: {_tiny.Adapter}
        template: qwen
        intent_schema: {_tiny["schema.yaml"]}
        calibration_file: {_tiny["val.csv"]}
        """), .. overrides]);

    string Eval(string folder, params string[] overrides) => CommandLine.Run(EvalCommand.Build(), [_tiny.Write("eval.yaml", $"""
        model_name_or_path: {_tiny.Model}
        adapter_name_or_path: {_tiny.Adapter}
        template: qwen
        intent_schema: {_tiny["schema.yaml"]}
        eval_file: {_tiny["eval.csv"]}
        scoring: options
        run_name: tiny
        """), $"output_dir={_tiny[folder]}", .. overrides]);

    static string Rows(string mark, int count) => "question,intent\n" + string.Concat(Enumerable.Range(0, count)
        .Select(i => $"{Word(i + mark[0])}{mark}{Word(3 * i + 7)},{Intents[i % 3]}\n"));

    /// <summary>Letters that no two numbers have in common, so that no row is like another.</summary>
    static string Word(int number) => $"{(char)(0x4E00 + 7 * (number % 2900))}{(char)(0x4E03 + 7 * (number % 2900))}";
}
