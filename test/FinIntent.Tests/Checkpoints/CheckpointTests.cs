using System.Buffers.Binary;
using System.Text.Json;
using FinIntent.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("finintent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_value_of_a_fixture_equals_an_independent_decode_of_its_bytes()
    {
        var folder = Reference.Path("fixtures/qwen3");
        var bytes = File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        var headerBytes = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerBytes));

        using var checkpoint = Checkpoint.Open(folder);

        Assert.Equal("qwen3", checkpoint.Config.GetProperty("model_type").GetString());
        Assert.Equal(ScalarType.Float32, checkpoint.ConfiguredType);
        foreach (var (name, stored) in checkpoint.Tensors)
        {
            var begin = 8 + headerBytes + header.RootElement.GetProperty(name).GetProperty("data_offsets")[0].GetInt32();
            using var read = checkpoint.Read(name);
            var values = read.data<Half>().ToArray();
            Assert.Equal((stored.Count, ScalarType.Float16), (values.Length, stored.Type));
            for (var i = 0; i < values.Length; i++)
                Assert.Equal(BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(begin + 2 * i)), values[i]);
        }
    }

    [Fact]
    public void Shards_come_back_as_one_checkpoint_and_take_the_place_of_earlier_weights()
    {
        var tensors = Enumerable.Range(0, 7).ToDictionary(i => $"w.{i}",
            i => arange(i * 100, i * 100 + 64, ScalarType.Float32).reshape(8, 8));
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        SafetensorsWriter.WriteSharded(_folder, tensors, maxShardBytes: 1 << 20);
        Assert.True(File.Exists(Path.Combine(_folder, "model.safetensors")));

        SafetensorsWriter.WriteSharded(_folder, tensors, maxShardBytes: 600); // two of 256 bytes a shard

        Assert.Equal(
            ["config.json", "model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors", "model-00003-of-00004.safetensors",
                "model-00004-of-00004.safetensors", "model.safetensors.index.json"],
            Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "model.safetensors.index.json")));
        Assert.Equal(7 * 256, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        Assert.Equal("model-00002-of-00004.safetensors", index.RootElement.GetProperty("weight_map").GetProperty("w.3").GetString());
        using var checkpoint = Checkpoint.Open(_folder);
        Assert.Equal(tensors.Keys.Order(), checkpoint.Tensors.Keys.Order());
        foreach (var (name, tensor) in tensors)
        {
            using var read = checkpoint.Read(name);
            Assert.True(read.equal(tensor).all().item<bool>());
        }
    }

    [Fact]
    public void A_source_that_fails_in_a_later_shard_leaves_the_folder_as_it_was()
    {
        using var old = ones(8, 8);
        SafetensorsWriter.WriteSharded(_folder, [new KeyValuePair<string, Tensor>("w", old)], 1 << 20);
        OutgoingTensor[] failing = [new("w", old), new("v", ScalarType.Float32, [8, 8], () => throw new InvalidOperationException("late"))];

        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.WriteSharded(_folder, failing, maxShardBytes: 256));

        Assert.Equal("model.safetensors", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder))));
    }

    [Fact]
    public void Missing_parts_are_named_with_their_folder()
    {
        AssertRefused("no such model folder", Path.Combine(_folder, "absent"));
        AssertRefused("no config.json");

        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), "{}");
        AssertRefused("LoRA adapter");

        File.WriteAllText(Path.Combine(_folder, "config.json"), "{\n\"a\": 1,\n}");
        AssertRefused("config.json:3");

        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        AssertRefused("model.safetensors");

        var index = """{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}""";
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), index);
        using var a = zeros(2);
        SafetensorsWriter.Write(Path.Combine(_folder, "model-00001-of-00002.safetensors"), [new("a", a)]);
        AssertRefused("model-00002-of-00002.safetensors");

        SafetensorsWriter.Write(Path.Combine(_folder, "model-00002-of-00002.safetensors"), [new("c", a)]);
        AssertRefused("b (model-00002-of-00002.safetensors)");

        SafetensorsWriter.Write(Path.Combine(_folder, "model-00002-of-00002.safetensors"), [new("b", a), new("a", a)]);
        AssertRefused("tensor a is also in");

        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), """{"weight_map": {"a": "../a.safetensors"}}""");
        AssertRefused("beside the index");
    }

    [Fact]
    public void Companion_files_are_those_a_merged_model_needs()
    {
        foreach (var name in (string[])["config.json", "tokenizer.json", "tokenizer_config.json", "modeling_chatglm.py", "notes.txt",
            "pytorch_model.bin"])
            File.WriteAllText(Path.Combine(_folder, name), "{}");
        using var w = zeros(1);
        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), [new("w", w)]);

        using var checkpoint = Checkpoint.Open(_folder);

        Assert.Equal(["modeling_chatglm.py", "tokenizer.json", "tokenizer_config.json"],
            checkpoint.CompanionFiles.Select(Path.GetFileName));
    }

    /// <summary>The names are those of ChatGLM3's, Baichuan2's, Llama 3's and Qwen2.5's folders.</summary>
    [Fact]
    public void Licences_and_notices_of_a_base_go_with_what_derives_from_it()
    {
        string[] named =
        [
            "Baichuan2 模型社区许可协议.pdf", "Community License for Baichuan2 Model.pdf", "LICENSE", "MODEL_LICENSE", "NOTICE",
            "USE_POLICY.md",
        ];
        foreach (var name in named.Append("README.md")) File.WriteAllText(Path.Combine(_folder, name), name);
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{}");
        using var w = zeros(1);
        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), [new("w", w)]);
        using var derived = new TemporaryFolder();

        using (var checkpoint = Checkpoint.Open(_folder)) checkpoint.CopyCompanions(derived.Path);

        Assert.Equal(named.Append(Checkpoint.BaseCardName).Order(StringComparer.Ordinal),
            Directory.GetFiles(derived.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("README.md", File.ReadAllText(derived[Checkpoint.BaseCardName]));
    }

    void AssertRefused(string reason, string? folder = null)
    {
        var error = Assert.Throws<UserErrorException>(() => Checkpoint.Open(folder ?? _folder));
        Assert.Contains(reason, error.Message);
        Assert.Contains(_folder, error.Message);
    }
}
