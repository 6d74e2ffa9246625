using FinIntent.Classification;
using FinIntent.Generation;
using FinIntent.Text;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Classification;

public sealed class ForwardRoomTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A device that has no room for a forward gets half as many tokens from then on, and no question is lost.</summary>
    [Fact]
    public async Task A_full_device_gets_half_as_many_tokens_from_then_on()
    {
        const int most = 2048;
        using var chat = ChatModel.Load(new(EmbeddedClassifier.Model, []) { Template = "default" }, CPU);
        OptionQuestion Question(int i) => chat.OptionQuestion(
            new(null, [new("user", $"{i} {string.Concat(Enumerable.Repeat($"第{i}只股票还能买吗", 4))}")]), ["A", "B"]);
        List<(int Questions, int Tokens, bool Failed)> forwards = [];
        using var queue = new ScoringQueue(new(chat.Model, most), CPU, 1000)
        {
            OnForward = (questions, tokens) =>
            {
                var isFull = forwards.Count == 0;
                forwards.Add((questions, tokens, isFull));
                if (isFull) throw new OutOfDeviceMemoryException("full");
            },
        };
        var asked = Enumerable.Range(0, 90).Select(i => queue.Read(Question(i), Stop)).ToList();
        new Thread(queue.Serve) { IsBackground = true }.Start();

        var readings = await Task.WhenAll(asked);

        Assert.Equal(90, readings.Length);
        Assert.InRange(forwards[0].Tokens, most / 2 + 1, most);
        Assert.All(forwards.Skip(1), forward => Assert.InRange(forward.Tokens, 1, most / 2));
        Assert.Equal(90, forwards.Sum(f => f.Questions));
        Assert.Equal(new OptionScorer(chat.Model).Read([Question(0)])[0].Logits, readings[0].Logits);
    }
}
