using System.Text.Json;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

/// <summary>A supervised.json: conversations as ids and labels, by template; its provenance says who made them.</summary>
sealed record TemplateFixture(string[] StopWords, string DefaultSystem, bool EfficientEos, TemplateFixture.Case[] Cases)
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    internal sealed record Case(Options Options, Row Row, int[] InputIds, int[] Labels, int[] PromptIds);

    internal sealed record Options(int CutoffLen, bool TrainOnPrompt, bool MaskHistory);

    internal sealed record Row(string Instruction, string Input, string Output, string? System, string[][]? History);

    public static void AssertSame(string file, string name, Tokenizer tokenizer)
    {
        var template = ChatTemplate.Get(name, tokenizer);
        var fixture = JsonSerializer.Deserialize<Dictionary<string, TemplateFixture>>(File.ReadAllText(file), Json)![name];

        Assert.Equal(20, fixture.Cases.Length);
        Assert.Equal((fixture.DefaultSystem, fixture.EfficientEos), (template.DefaultSystem, template.EfficientEos));
        foreach (var (options, row, inputIds, labels, promptIds) in fixture.Cases)
        {
            var conversation = Conversation(row);
            var encoded = template.EncodeSupervised(conversation, new(options.CutoffLen, options.TrainOnPrompt, options.MaskHistory));

            Assert.Equal(inputIds, encoded.InputIds);
            Assert.Equal(labels, encoded.Labels);
            Assert.Equal(promptIds, template.EncodePrompt(conversation));
            Assert.Equal(promptIds, template.EncodePrompt(conversation with { Messages = [.. conversation.Messages.SkipLast(1)] }));
        }
    }

    static Conversation Conversation(Row row) => new(row.System,
    [
        .. (row.History ?? []).SelectMany(turn => (Message[])[new("user", turn[0]), new("assistant", turn[1])]),
        new("user", row.Input.Length > 0 ? $"{row.Instruction}\n{row.Input}" : row.Instruction),
        new("assistant", row.Output),
    ]);
}
