using FinIntent.Generation;
using FinIntent.Lora;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Generation;

public sealed class ChatModelTests
{
    static readonly AnswerOptions Greedy = new(SamplingOptions.Greedy, 12);

    [Fact]
    public void Questions_together_get_the_answers_they_get_alone()
    {
        using var tiny = new TinyChat();
        using var chat = ChatModel.Load(new(tiny.Model, [tiny.Adapter]), Devices.Default);
        var options = new AnswerOptions(new(Temperature: 2, TopK: 0, TopP: 1), 12);
        Conversation[] questions = [Ask("大盘怎么样"), Ask("B"), Ask("我想开户，手续费是多少？")];

        var together = chat.Answer(questions, [1, 2, 3], options);
        var alone = questions.Select((q, i) => chat.Answer([q], [i + 1], options)[0]);

        Assert.Equal(alone, together);
        Assert.Equal("qwen", chat.Template.Name);
    }

    /// <summary>8 bits change a score by less than the adapter does.</summary>
    [Fact]
    public void On_packed_weights_the_adapter_stays_beside_them_and_is_used()
    {
        using var tiny = new TinyChat();
        double[] merged = Scores(new(tiny.Model, [tiny.Adapter])), without = Scores(new(tiny.Model, [])),
            packed = Scores(new(tiny.Model, [tiny.Adapter]) { Format = WeightFormat.Int8 });

        double near = Distance(packed, merged), far = Distance(packed, without);
        Assert.True(near > 0 && near < far / 3, $"{near} from the merged model's probabilities, {far} from the base's");

        static double[] Scores(ChatModelSource source)
        {
            using var chat = ChatModel.Load(source, Devices.Default);
            return [.. new OptionScorer(chat.Model, 4096).Score([chat.OptionQuestion(Ask("大盘怎么样"), ["A", "B", "C", "D"])])[0]];
        }

        static double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
    }

    [Fact]
    public void The_pieces_told_are_the_answer_and_a_stop_word_ends_it()
    {
        using var tiny = new TinyChat();
        using var chat = ChatModel.Load(new(tiny.Model, []), Devices.Default);
        var pieces = new List<string>();

        var whole = chat.Answer([Ask("大盘怎么样")], [0], Greedy, (_, piece) =>
        {
            pieces.Add(piece);
            return true;
        })[0];
        var stop = whole[2..4];
        var stopped = chat.Answer([Ask("大盘怎么样")], [0], Greedy with { StopWords = [stop] })[0];

        Assert.Equal(whole, string.Concat(pieces));
        Assert.True(pieces.Count > 1);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], stopped);
    }

    [Fact]
    public void An_option_question_ends_where_the_letter_stands()
    {
        using var tiny = new TinyChat();
        using var chat = ChatModel.Load(new(tiny.Model, []), Devices.Default);

        var question = chat.OptionQuestion(Ask("x"), ["A", "B", "C"]);

        Assert.Empty(question.Answers.Lead);
        Assert.Equal([['A'], ['B'], ['C']], question.Answers.Tails.Select(t => t.Select(id => (char)id)));
        Assert.Equal("<|im_start|>assistant\n", chat.Tokenizer.Decode(question.Prompt.AsSpan()[^11..], skipSpecialTokens: false));
    }

    [Fact]
    public void Another_template_or_base_than_in_training_is_refused_unless_forced()
    {
        using var tiny = new TinyChat();
        using var other = new TinyChat("qwen2_tied");

        var template = Assert.Throws<UserErrorException>(() =>
            ChatModel.Load(new(tiny.Model, [tiny.Adapter]) { Template = "default" }, Devices.Default));
        var wrongBase = Assert.Throws<UserErrorException>(() => ChatModel.Load(new(other.Model, [tiny.Adapter]), Devices.Default));
        using var forced = ChatModel.Load(new(tiny.Model, [tiny.Adapter]) { Template = "default", Force = true }, Devices.Default);

        Assert.Contains("\"default\"", template.Message);
        Assert.Contains("\"qwen\"", template.Message);
        Assert.Contains("fingerprint", wrongBase.Message);
        Assert.Equal("default", forced.Template.Name);
    }

    [Fact]
    public void An_adapter_beside_its_base_gives_what_a_merged_one_gives_and_another_can_take_its_place()
    {
        using var tiny = new TinyChat();
        using var merged = ChatModel.Load(new(tiny.Model, [tiny.Adapter]), Devices.Default);
        using var beside = ChatModel.Load(new(tiny.Model, [tiny.Adapter]) { MergesAdapter = false }, Devices.Default);
        using var plain = ChatModel.Load(new(tiny.Model, []), Devices.Default);

        AssertSame(merged, beside);
        beside.Use(null);
        AssertSame(plain, beside);
        beside.Use(tiny.Adapter);
        AssertSame(merged, beside);
        Assert.NotEqual(Scores(plain), Scores(merged));
    }

    [Fact]
    public void Of_several_adapters_only_the_last_stays_beside_the_base()
    {
        using var tiny = new TinyChat();
        using var merged = ChatModel.Load(new(tiny.Model, [tiny.Adapter, tiny.Adapter]), Devices.Default);
        using var beside = ChatModel.Load(new(tiny.Model, [tiny.Adapter, tiny.Adapter]) { MergesAdapter = false }, Devices.Default);
        using var one = ChatModel.Load(new(tiny.Model, [tiny.Adapter]), Devices.Default);

        AssertSame(merged, beside);
        beside.Use(null);
        AssertSame(one, beside);
    }

    [Fact]
    public void A_quantised_base_takes_one_adapter_that_is_not_merged()
    {
        using var tiny = new TinyChat();
        ChatModelSource packed = new(tiny.Model, [tiny.Adapter]) { Format = WeightFormat.Int8 };

        using var beside = ChatModel.Load(packed, Devices.Default);
        using var none = ChatModel.Load(packed with { Adapters = [], MergesAdapter = true }, Devices.Default);
        var merged = Assert.Throws<UserErrorException>(() => ChatModel.Load(packed with { MergesAdapter = true }, Devices.Default));
        var two = Assert.Throws<UserErrorException>(() =>
            ChatModel.Load(packed with { Adapters = [tiny.Adapter, tiny.Adapter] }, Devices.Default));

        Assert.NotEqual(Scores(none), Scores(beside));
        Assert.Contains("quantised", merged.Message);
        Assert.Contains("one adapter", two.Message);
    }

    static void AssertSame(ChatModel one, ChatModel other)
    {
        Assert.Equal(one.Answer([Ask("今天涨吗"), Ask("A")], [0, 0], Greedy), other.Answer([Ask("今天涨吗"), Ask("A")], [0, 0], Greedy));
        Assert.Equal(Scores(one), Scores(other), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    static double[] Scores(ChatModel model) => new OptionScorer(model.Model, 4096)
        .Score([model.OptionQuestion(Ask("大盘怎么样"), ["A", "B", "C"])])[0];

    [Fact]
    public void An_exported_model_answers_as_the_adapter_on_its_base_and_knows_its_template()
    {
        using var tiny = new TinyChat();
        ModelExport.Run(new(tiny.Model, [tiny.Adapter], tiny["exported"], 5_000_000_000) { Template = "qwen" });

        using var adapted = ChatModel.Load(new(tiny.Model, [tiny.Adapter]), Devices.Default);
        using var exported = ChatModel.Load(new(tiny["exported"], []), Devices.Default);

        Assert.Equal(adapted.Answer([Ask("今天涨吗")], [0], Greedy), exported.Answer([Ask("今天涨吗")], [0], Greedy));
        Assert.Throws<UserErrorException>(() => new ChatModelSource(tiny["exported"], []) { Template = "alpaca" }.TemplateName);
    }

    static Conversation Ask(string question) => new(null, [new("user", question)]);
}
