using System.Diagnostics;
using System.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class TokenizerSpeedTests
{
    /// <summary>FinIntent.Tests -explicit only -class FinIntent.Tests.Text.TokenizerSpeedTests -showLiveOutput</summary>
    [Theory(Explicit = true)]
    [InlineData("qwen3")]
    [InlineData("llama3")]
    public void Encoding_the_corpus_of_laws_on_one_core(string name)
    {
        using var xz = Process.Start(new ProcessStartInfo("xz", ["-dc", Reference.Path("corpus/laws_zh.txt.xz")]) { RedirectStandardOutput = true })!;
        using var bytes = new MemoryStream();
        xz.StandardOutput.BaseStream.CopyTo(bytes);
        string[] lines = Encoding.UTF8.GetString(bytes.ToArray()).Split('\n');
        var output = TestContext.Current.TestOutputHelper!;
        var clock = Stopwatch.StartNew();
        var tokenizer = RealTokenizers.Get(name);
        output.WriteLine($"{name}: opened in {clock.ElapsedMilliseconds} ms");

        for (var round = 0; round < 3; round++)
        {
            clock.Restart();
            var tokens = lines.Sum(line => tokenizer.Encode(line).Length);
            output.WriteLine($"{name}: {bytes.Length / 1e6:F1} MB, {tokens} tokens, {bytes.Length / 1e6 / clock.Elapsed.TotalSeconds:F1} MB/s");
        }
    }
}
