using System.Text.Json;
using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Tests.Text;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Tokens;

public sealed class RowEncoderTests
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    // test/fixtures/make/make_templates.py wrote the ids and labels; with real tokenizers it writes LLaMA-Factory's own.
    [Theory]
    [InlineData("qwen", "qwen")]
    [InlineData("llama3", "llama3")]
    public void Rows_read_from_a_file_are_encoded_as_LLaMA_Factory_does(string name, string tokenizerName)
    {
        var tokenizer = SmallTokenizers.Get(tokenizerName);
        using var fixture = JsonDocument.Parse(File.ReadAllText(Reference.Path("fixtures/templates/supervised.json")));
        foreach (var group in fixture.RootElement.GetProperty(name).GetProperty("cases").EnumerateArray()
            .GroupBy(c => c.GetProperty("options").GetRawText()))
        {
            var cases = group.ToArray();
            var settings = cases[0].GetProperty("options").Deserialize<DatasetSettings>(Json)!;
            using var rows = Load(settings, [.. cases.Select(c => c.GetProperty("row"))], Stage.Sft, tokenizer,
                ChatTemplate.Get(name, tokenizer));

            Assert.Equal(cases.Length, rows.Train.Count);
            for (var i = 0; i < cases.Length; i++)
            {
                Assert.Equal(cases[i].GetProperty("input_ids").Deserialize<int[]>(), rows.Train.Read(i).InputIds);
                Assert.Equal(cases[i].GetProperty("labels").Deserialize<int[]>(), rows.Train.Read(i).Labels);
            }
        }
    }

    [Theory]
    [InlineData("qwen", "qwen", "<|im_end|>")]
    [InlineData("llama3", "llama3", "<|end_of_text|>")] // where its chats end in <|eot_id|>
    [InlineData("empty", "gpt2", "<|endoftext|>")]
    public void A_pre_training_text_ends_in_the_end_token(string name, string tokenizerName, string end)
    {
        var tokenizer = SmallTokenizers.Get(tokenizerName);
        using var rows = Load(new(), [JsonElement.Parse("""{"instruction": "今天大盘", "input": ""}""")], Stage.Pt, tokenizer,
            ChatTemplate.Get(name, tokenizer));

        var row = rows.Train.Read(0);

        Assert.Equal([.. tokenizer.Encode("今天大盘"), tokenizer.IdOf(end)!.Value], row.InputIds);
        Assert.Equal(row.InputIds, row.Labels);
    }

    [Fact]
    public void Packing_leaves_room_for_one_token_as_LLaMA_Factory_does()
    {
        var tokenizer = SmallTokenizers.Get("qwen");
        var row = JsonElement.Parse("""{"instruction": "今天大盘怎么样，要不要加仓", "output": "C"}""");
        using var plain = Load(new() { CutoffLen = 20 }, [row], Stage.Sft, tokenizer, ChatTemplate.Get("qwen", tokenizer));
        using var packed = Load(new() { CutoffLen = 20, Packing = true }, [row], Stage.Sft, tokenizer, ChatTemplate.Get("qwen", tokenizer));

        Assert.Equal((20, 19), (plain.Train.Read(0).InputIds.Length, packed.Train.Read(0).InputIds.Length));
    }

    static TrainingRows Load(DatasetSettings settings, JsonElement[] rows, Stage stage, Tokenizer tokenizer, ChatTemplate template)
    {
        using var folder = new TemporaryFolder();
        folder.Write("rows.json", JsonSerializer.Serialize(rows));
        folder.Write("dataset_info.json", """
            {"rows": {"file_name": "rows.json", "columns":
             {"prompt": "instruction", "query": "input", "response": "output", "system": "system", "history": "history"}}}
            """);
        settings = settings with { Dataset = ["rows"], DatasetDir = folder.Path };
        return TrainingRows.Load(settings, stage, 42, () => RowEncoder.For(stage, settings, tokenizer, template), Assert.Fail);
    }
}
