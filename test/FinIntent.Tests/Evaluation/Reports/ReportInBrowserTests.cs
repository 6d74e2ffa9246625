using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation.Reports;

/// <summary>Opens the page in headless Chromium, as a reader at a desk and one with a phone would.</summary>
[Trait("tier", "demand")]
public sealed class ReportInBrowserTests : IDisposable
{
    static readonly string? Browser = Find("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Filters_languages_and_widths_work_and_the_console_is_silent()
    {
        Tier.NeedsOnDemand(Browser is not null, "neither chromium nor google-chrome is on the PATH");
        const string gold = "AABBCCAABB";
        var names = ((string, string)[])[("Qwen2.5-7B-Instruct", "AABBCBBBC?"),
            ("saves/qwen25_7b/lora/sft/a/rather/long/name/of/a/folder", "AABBBCAABC"), ("c", gold)];
        var question = "<script>throw 1</script>" + new string('长', 80);
        List<PredictionSet> sets = [.. names.Select(n =>
            Answers.Changed(Answers.Set(n.Item1, gold, n.Item2), p => p.Id == "4" ? p with { Question = question } : p))];
        sets.Add(Answers.Scored(sets[1]) with { Name = "scored" });
        var report = Comparison.Of(sets);
        var models = report.Models.Select((m, i) => i == 1 ? Answers.WithRobustness(m, new string('长', 80)) : m);
        ReportWriter.Write(_folder.Path, report with { Models = [.. models] }, Language.Chinese);

        var pages = Open(
            ("", 1280), ("", 390), ("filter=fixed", 390), ("filter=broken&lang=en", 390), ("a=0&b=2&class=B+个股", 1280),
            ("a=1&b=&filter=wrong", 1280),
            ("q=%3CSCRIPT", 1280), ("a=3&b=&rule=scored", 390), ("a=9&b=x&rule=none&filter=none&lang=xx", 390), ("questions", 390));

        Assert.Equal(10, pages[0].States.Length);
        Assert.Equal(["fixed", "fixed", "fixed", "fixed"], pages[2].States);
        Assert.Equal(("en", "fixed"), (pages[3].Language, pages[2].Filter));
        Assert.Equal(["broken"], pages[3].States);
        Assert.Equal(["fixed", "fixed", "both-right", "both-right"], pages[4].States);
        Assert.Equal(["wrong", "wrong"], pages[5].States);
        Assert.Equal(["broken"], pages[6].States);
        Assert.Equal(10, pages[7].States.Length);
        // What is not known falls back, and a plain anchor changes nothing.
        Assert.Equal((pages[1].Filter, pages[1].Language), (pages[8].Filter, pages[8].Language));
        Assert.Equal(pages[1].States, pages[9].States);
        Assert.All(pages, page => Assert.Equal(page.Width, page.ContentWidth));
        // Of accuracies by order, and by letter: drawn, and not wider than the phone.
        Assert.All(pages, page => Assert.Equal(2 + 3, page.Bars.Count(width => width > 0 && width < page.Width)));
    }

    sealed record Page(string[] States, string Filter, string Language, int Width, int ContentWidth, double[] Bars);

    /// <summary>Each in a frame of its width, all in one start of the browser.</summary>
    Page[] Open(params (string Hash, int Width)[] frames)
    {
        _folder.Write("frames.html", $$"""
            <!DOCTYPE html><meta charset="utf-8"><body>
            {{string.Concat(frames.Select(f =>
                $"<iframe width=\"{f.Width}\" height=\"800\" src=\"report.html#{f.Hash.Replace("&", "&amp;")}\"></iframe>"))}}
            <pre></pre><script>
            addEventListener("load", () => document.querySelector("pre").textContent = JSON.stringify(
                [...document.querySelectorAll("iframe")].map(frame => {
              const page = frame.contentDocument;
              return {
                States: [...page.querySelectorAll("#questions tbody tr")].map(row => row.className),
                Filter: page.querySelector("[data-filter][aria-pressed=true]").dataset.filter,
                Language: page.documentElement.lang,
                Width: page.documentElement.clientWidth,
                ContentWidth: page.documentElement.scrollWidth,
                Bars: [...page.querySelectorAll("#robustness rect")].map(bar => bar.getBoundingClientRect().width),
              };
            })));
            </script>
            """);
        var start = new ProcessStartInfo(Browser!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync",
            "--allow-file-access-from-files", $"--user-data-dir={_folder["profile"]}", "--enable-logging=stderr",
            "--virtual-time-budget=10000", "--dump-dom", new Uri(_folder["frames.html"]).AbsoluteUri,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var log = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var dom = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (!process.WaitForExit(TimeSpan.FromMinutes(2))) process.Kill(entireProcessTree: true);

        Assert.DoesNotContain("CONSOLE", log.Result);
        var result = Regex.Match(dom.Result, "<pre>(.+?)</pre>", RegexOptions.Singleline);
        Assert.True(result.Success, $"the page did not finish: {log.Result}");
        return JsonSerializer.Deserialize<Page[]>(System.Net.WebUtility.HtmlDecode(result.Groups[1].Value))!;
    }

    static string? Find(params string[] names) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
}
