using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.EmbeddedModel;

public sealed class RecipeTests
{
    [Theory]
    [InlineData("pretrain.yaml", Stage.Pt, "demo_pretrain")]
    [InlineData("teach.yaml", Stage.Sft, "demo_teach")]
    internal void A_recipe_names_only_keys_that_training_knows(string file, Stage stage, string dataset)
    {
        var settings = SettingsFile.Load(Path.Combine(Reference.Root, "config", "demo", file), []);

        Assert.Equal((stage, FinetuningType.Full), (settings.Method.Stage, settings.Method.FinetuningType));
        Assert.Equal([dataset], settings.Dataset.Dataset);
        Assert.True(settings.Train.Bf16);
    }
}
