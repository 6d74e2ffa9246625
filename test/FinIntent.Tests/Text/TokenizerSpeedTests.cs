using System.Diagnostics;
using System.Text;
using Xunit;

namespace FinIntent.Tests.Text;

[Trait("tier", "demand")]
public sealed class TokenizerSpeedTests
{
    /// <summary>FinIntent.Tests -explicit only -class FinIntent.Tests.Text.TokenizerSpeedTests -showLiveOutput</summary>
    [Theory(Explicit = true)]
    [InlineData("qwen3")]
    [InlineData("llama3")]
    [InlineData("chatglm3-6b")]
    [InlineData("baichuan2-7b-chat")]
    public void Encoding_the_corpus_of_laws_on_one_core(string name)
    {
        var command = new ProcessStartInfo("xz", ["-dc", Reference.Shared("corpus/laws_zh.txt.xz")]) { RedirectStandardOutput = true };
        using var xz = Process.Start(command)!;
        using var bytes = new MemoryStream();
        xz.StandardOutput.BaseStream.CopyTo(bytes);
        string[] lines = Encoding.UTF8.GetString(bytes.ToArray()).Split('\n');
        var output = TestContext.Current.TestOutputHelper!;
        var clock = Stopwatch.StartNew();
        var tokenizer = RealTokenizers.Get(name);
        output.WriteLine($"{name}: opened in {clock.ElapsedMilliseconds} ms");

        for (var round = 0; round < 3; round++)
        {
            var start = Environment.CpuUsage.TotalTime; // other programs take the clock's time, not this one
            var tokens = lines.Sum(line => tokenizer.Encode(line).Length);
            var megabytes = bytes.Length / 1e6;
            var seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
            output.WriteLine($"{name}: {megabytes:F1} MB, {tokens} tokens, {megabytes / seconds:F1} MB/s");
        }
    }
}
