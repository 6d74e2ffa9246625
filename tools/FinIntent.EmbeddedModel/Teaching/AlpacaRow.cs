using System.Text.Json;
using System.Text.Json.Serialization;

namespace FinIntent.EmbeddedModel.Teaching;

sealed record AlpacaRow(
    [property: JsonPropertyName("instruction")] string Instruction,
    [property: JsonPropertyName("input")] string Input,
    [property: JsonPropertyName("output")] string Output)
{
    public AlpacaRow(string instruction, string output) : this(instruction, "", output) { }

    /// <summary>What LLaMA-Factory makes the user say.</summary>
    [JsonIgnore]
    public string Prompt => Input.Length == 0 ? Instruction : $"{Instruction}\n{Input}";

    public string ToJson() => JsonSerializer.Serialize(this, JsonLine.Options);
}
