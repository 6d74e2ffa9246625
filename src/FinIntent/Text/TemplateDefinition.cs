using static FinIntent.Text.TemplatePart;

namespace FinIntent.Text;

/// <summary>Is a piece of a template; a text is encoded by itself, with the message's content in the place of {content}.</summary>
readonly record struct TemplatePart(TemplatePartKind Kind, string Value)
{
    public static TemplatePart Bos => new(TemplatePartKind.Bos, "");
    public static TemplatePart Eos => new(TemplatePartKind.Eos, "");

    public static TemplatePart Token(string name) => new(TemplatePartKind.Token, name);

    public static implicit operator TemplatePart(string text) => new(TemplatePartKind.Text, text);
}

enum TemplatePartKind { Text, Token, Bos, Eos }

/// <summary>LLaMA-Factory's templates (src/llamafactory/data/template.py, ff6d4d1; baichuan2: v0.9.3) for plain conversations.</summary>
/// <remarks>A user's part ends where the answer begins.</remarks>
sealed record TemplateDefinition(string Name, TemplatePart[] System, TemplatePart[] User, TemplatePart[] Assistant)
{
    public TemplatePart[] Prefix { get; init; } = [];
    public IEnumerable<TemplatePart> Parts => [.. Prefix, .. System, .. User, .. Assistant];
    public string DefaultSystem { get; init; } = "";
    public string[] StopWords { get; init; } = [];

    /// <summary>Says that answers end in an eos that the next turn does not read.</summary>
    public bool EfficientEos { get; init; }

    /// <summary>Says that the first stop word takes the place of the tokenizer's eos.</summary>
    public bool ReplaceEos { get; init; }

    /// <summary>The token that ends a text, where a chat's turns end in another one; null: they end in the same.</summary>
    public string? EndOfText { get; init; }

    /// <summary>Says that answers begin with a thought, which is empty without thinking.</summary>
    public bool Reasons { get; init; }

    public static IReadOnlyList<TemplateDefinition> All { get; } =
    [
        Qwen("qwen") with { DefaultSystem = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant." },
        Qwen("qwen3") with { Reasons = true },
        Qwen("qwen3_nothink"),
        new("llama3",
            [.. Header("system"), "\n\n{content}", Token("<|eot_id|>")],
            [.. Header("user"), "\n\n{content}", Token("<|eot_id|>"), .. Header("assistant"), "\n\n"],
            ["{content}", Token("<|eot_id|>")])
        { Prefix = [Bos], StopWords = ["<|eot_id|>", "<|eom_id|>"], ReplaceEos = true, EndOfText = "<|end_of_text|>" },
        Glm("chatglm3", "sop", ["\n", "{content}"]),
        new("baichuan2", ["{content}"], [Token("<reserved_106>"), "{content}", Token("<reserved_107>")], ["{content}"])
        { EfficientEos = true },
        Glm("glm4", "<sop>", ["\n{content}"]),
        new("default", ["System: {content}", Eos, "\n"], ["Human: {content}", Eos, "\nAssistant:"], ["{content}", Eos, "\n"]),
        new("alpaca", ["{content}"], ["### Instruction:\n{content}\n\n### Response:\n"], ["{content}", Eos, "\n\n"])
        { DefaultSystem = "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n" },
        new("empty", ["{content}"], ["{content}"], ["{content}"]),
    ];

    static TemplateDefinition Qwen(string name) => new(name,
        [Token("<|im_start|>"), "system\n{content}", Token("<|im_end|>"), "\n"],
        [Token("<|im_start|>"), "user\n{content}", Token("<|im_end|>"), "\n", Token("<|im_start|>"), "assistant\n"],
        ["{content}", Token("<|im_end|>"), "\n"])
    { StopWords = ["<|im_end|>"], ReplaceEos = true };

    /// <param name="line">The line behind a role; ChatGLM3's tokenizer reads its break and its words apart.</param>
    static TemplateDefinition Glm(string name, string start, TemplatePart[] line) => new(name,
        [Token("<|system|>"), .. line], [Token("<|user|>"), .. line, Token("<|assistant|>")], line)
    { Prefix = [Token("[gMASK]"), Token(start)], StopWords = ["<|user|>", "<|observation|>"], EfficientEos = true };

    static TemplatePart[] Header(string role) => [Token("<|start_header_id|>"), role, Token("<|end_header_id|>")];
}
