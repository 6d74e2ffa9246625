using FinIntent.Cli.Commands;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class ExportCommandTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_settings_file_of_LLaMA_Factory_exports_a_whole_model_folder()
    {
        var printed = Export();

        Assert.Contains("largest difference of logits", printed);
        string[] files =
            ["config.json", "finintent.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
        Assert.Equal(files, Directory.GetFiles(_tiny["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_export_is_made_from_the_weights_as_they_are_stored_whatever_they_were_trained_in()
    {
        var printed = Export("quantization_bit=4");

        Assert.Contains($"quantization_bit: 4 changes nothing here: adapters are merged into the weights as {_tiny.Model} stores them",
            printed);
        Assert.Contains("largest difference of logits", printed);
    }

    [Fact]
    public void The_old_format_is_refused_with_the_reason()
    {
        var error = Assert.Throws<UserErrorException>(() => Export("export_legacy_format=true"));

        Assert.Contains("export_legacy_format", error.Message);
        Assert.Contains("safetensors", error.Message);
    }

    [Fact]
    public void Another_template_than_in_training_is_refused_unless_forced()
    {
        Assert.Contains("\"alpaca\"", Assert.Throws<UserErrorException>(() => Export("template=alpaca")).Message);
        Assert.False(Directory.Exists(_tiny["out"]));

        Export("template=alpaca", "force=true");
    }

    string Export(params string[] overrides) => CommandLine.Run(ExportCommand.Build(), [_tiny.Write("export.yaml", $"""
        model_name_or_path: {_tiny.Model}
        adapter_name_or_path: {_tiny.Adapter}
        template: qwen
        finetuning_type: lora
        trust_remote_code: true
        export_dir: {_tiny["out"]}
        export_size: 2
        export_device: cpu
        export_legacy_format: false
        """), .. overrides]);
}
