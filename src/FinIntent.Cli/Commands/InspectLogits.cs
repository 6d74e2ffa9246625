using FinIntent.Jobs.Inspect;

namespace FinIntent.Cli.Commands;

static class InspectLogits
{
    public static Command Build()
    {
        var model = new Option<string>("--model") { Description = "Folder of the model.", Required = true };
        var adapters = new Option<string[]>("--adapter") { Description = "Folder of a LoRA adapter; several are applied in this order." };
        var tokens = new Option<string>("--tokens") { Description = "JSON: a list of lists of token ids.", Required = true };
        var result = new Option<string>("--out")
        {
            Description = "The safetensors file to write: logits.0 [T, V], logits.1 … in fp32.",
            Required = true,
        };
        var type = new Option<string>("--dtype")
        {
            Description = "Compute in float32, bfloat16 or float16.",
            DefaultValueFactory = _ => "float32",
        };
        type.AcceptOnlyFromAmong("float32", "bfloat16", "float16");
        var command = new Command("logits", "Write the logits of token sequences.") { model, adapters, tokens, result, type };
        command.SetAction(arguments => LogitsJob.Run(arguments.GetRequiredValue(model), arguments.GetValue(adapters) ?? [],
            arguments.GetRequiredValue(tokens), arguments.GetRequiredValue(type), arguments.GetRequiredValue(result), Host.Of(arguments)));
        return command;
    }
}
