using FinIntent.Jobs.Inspect;

namespace FinIntent.Cli.Commands;

static class InspectLogits
{
    public static Command Build()
    {
        var model = Options.Required<string>("--model", "Folder of the model.");
        var adapters = Options.Of<string[]>("--adapter", "Folder of a LoRA adapter; several are applied in this order.");
        var tokens = Options.Required<string>("--tokens", "JSON: a list of lists of token ids.");
        var result = Options.Required<string>("--out", "The safetensors file to write: logits.0 [T, V], logits.1 … in fp32.");
        var type = Options.Among("--dtype", "Compute in float32, bfloat16 or float16.", ["float32", "bfloat16", "float16"], "float32");
        var command = new Command("logits", "Write the logits of token sequences.") { model, adapters, tokens, result, type };
        command.SetAction(arguments => LogitsJob.Run(arguments.GetRequiredValue(model), arguments.GetValue(adapters) ?? [],
            arguments.GetRequiredValue(tokens), arguments.GetRequiredValue(type), arguments.GetRequiredValue(result), Host.Of(arguments)));
        return command;
    }
}
