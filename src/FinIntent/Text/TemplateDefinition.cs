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
        new(
            "llama3",
            [.. Header("system"), "\n\n{content}", TemplatePart.Token("<|eot_id|>")],
            [.. Header("user"), "\n\n{content}", TemplatePart.Token("<|eot_id|>"), .. Header("assistant"), "\n\n"],
            ["{content}", TemplatePart.Token("<|eot_id|>")])
        {
            Prefix = [TemplatePart.Bos],
            StopWords = ["<|eot_id|>", "<|eom_id|>"],
            ReplaceEos = true,
            EndOfText = "<|end_of_text|>",
        },
        new(
            "chatglm3",
            [TemplatePart.Token("<|system|>"), "\n", "{content}"],
            [TemplatePart.Token("<|user|>"), "\n", "{content}", TemplatePart.Token("<|assistant|>")],
            ["\n", "{content}"])
        {
            Prefix = [TemplatePart.Token("[gMASK]"), TemplatePart.Token("sop")],
            StopWords = ["<|user|>", "<|observation|>"],
            EfficientEos = true,
        },
        new(
            "baichuan2",
            ["{content}"],
            [TemplatePart.Token("<reserved_106>"), "{content}", TemplatePart.Token("<reserved_107>")],
            ["{content}"])
        {
            EfficientEos = true,
        },
        new(
            "glm4",
            [TemplatePart.Token("<|system|>"), "\n{content}"],
            [TemplatePart.Token("<|user|>"), "\n{content}", TemplatePart.Token("<|assistant|>")],
            ["\n{content}"])
        {
            Prefix = [TemplatePart.Token("[gMASK]"), TemplatePart.Token("<sop>")],
            StopWords = ["<|user|>", "<|observation|>"],
            EfficientEos = true,
        },
        new(
            "default",
            ["System: {content}", TemplatePart.Eos, "\n"],
            ["Human: {content}", TemplatePart.Eos, "\nAssistant:"],
            ["{content}", TemplatePart.Eos, "\n"]),
        new("alpaca", ["{content}"], ["### Instruction:\n{content}\n\n### Response:\n"], ["{content}", TemplatePart.Eos, "\n\n"])
        {
            DefaultSystem = "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n",
        },
        new("empty", ["{content}"], ["{content}"], ["{content}"]),
    ];

    static TemplateDefinition Qwen(string name) => new(
        name,
        [TemplatePart.Token("<|im_start|>"), "system\n{content}", TemplatePart.Token("<|im_end|>"), "\n"],
        [
            TemplatePart.Token("<|im_start|>"), "user\n{content}", TemplatePart.Token("<|im_end|>"), "\n",
            TemplatePart.Token("<|im_start|>"), "assistant\n",
        ],
        ["{content}", TemplatePart.Token("<|im_end|>"), "\n"])
    {
        StopWords = ["<|im_end|>"],
        ReplaceEos = true,
    };

    static TemplatePart[] Header(string role) => [TemplatePart.Token("<|start_header_id|>"), role, TemplatePart.Token("<|end_header_id|>")];
}
