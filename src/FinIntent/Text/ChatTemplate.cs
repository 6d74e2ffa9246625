namespace FinIntent.Text;

/// <summary>One turn of a conversation. Role is "user" or "assistant".</summary>
sealed record Message(string Role, string Content);

/// <summary>Holds a system text (null: the template's) and messages in turn, a user's first. In training the last is the answer.</summary>
sealed record Conversation(string? System, IReadOnlyList<Message> Messages);

/// <summary>Encodes a conversation in the way that a model was taught to read it.</summary>
/// <remarks>Texts go through <see cref="Tokenizer.Encode(string)"/>, so nothing in them becomes a special token.</remarks>
sealed partial class ChatTemplate
{
    static readonly TemplatePart[] EmptyThought = [TemplatePart.Token("<think>"), "\n\n", TemplatePart.Token("</think>"), "\n\n"];

    readonly TemplateDefinition _template;
    readonly Tokenizer _tokenizer;
    readonly bool _enableThinking;
    readonly int? _eos;

    ChatTemplate(TemplateDefinition template, Tokenizer tokenizer, string? defaultSystem, bool enableThinking)
    {
        _template = template;
        _tokenizer = tokenizer;
        _enableThinking = enableThinking;
        DefaultSystem = defaultSystem ?? template.DefaultSystem;
        _eos = template.ReplaceEos ? IdOf(template.StopWords[0]) : tokenizer.EosTokenId;
        // A stop word that the tokenizer lacks, as Llama-3's <|eom_id|>, cannot be said, so nothing needs to stop at it.
        StopTokenIds = [.. template.StopWords.Select(tokenizer.IdOf).Prepend(_eos).OfType<int>().Distinct()];
        foreach (var part in template.Parts)
            if (part.Kind != TemplatePartKind.Text) IdOf(part); // a template of another model fails here and not at the first row
        if (template.EfficientEos) IdOf(TemplatePart.Eos);
        if (template.Reasons) IdOf("<think>");
    }

    public static IReadOnlyList<string> Names { get; } = [.. TemplateDefinition.All.Select(template => template.Name)];
    public string Name => _template.Name;

    /// <summary>The system text of a conversation that has none; empty means that there is none.</summary>
    public string DefaultSystem { get; }

    /// <summary>Says that answers are taught an end token that the next turn does not read.</summary>
    public bool EfficientEos => _template.EfficientEos;

    /// <summary>The tokenizer's eos, or the stop word that takes its place in this template.</summary>
    public int? EosTokenId => _eos;

    /// <summary>The token that ends a text which is no chat; null where the tokenizer has none.</summary>
    public int? EndOfTextId => _template.EndOfText is { } name ? _tokenizer.IdOf(name) : _eos;

    /// <summary>An answer ends at any of these tokens.</summary>
    public IReadOnlyList<int> StopTokenIds { get; }

    /// <param name="defaultSystem">Takes the place of the template's own (default_system).</param>
    /// <param name="enableThinking">Lets answers of reasoning models begin with a thought of their own, not an empty one.</param>
    /// <exception cref="UserErrorException">There is no such template, or the tokenizer lacks its tokens.</exception>
    public static ChatTemplate Get(string name, Tokenizer tokenizer, string? defaultSystem = null, bool enableThinking = false)
    {
        var template = TemplateDefinition.All.FirstOrDefault(t => t.Name == name)
            ?? throw new UserErrorException($"template \"{name}\" is not known; known are {string.Join(", ", Names)}");
        return new(template, tokenizer, defaultSystem, enableThinking);
    }

    /// <summary>Returns the names of the tokens that a template needs and a tokenizer lacks; none for an unknown template.</summary>
    public static IReadOnlyList<string> MissingTokens(string name, Tokenizer tokenizer)
    {
        if (TemplateDefinition.All.FirstOrDefault(t => t.Name == name) is not { } template) return [];
        var eos = template.ReplaceEos ? tokenizer.IdOf(template.StopWords[0]) : tokenizer.EosTokenId;
        List<TemplatePart> needed = [.. template.Parts];
        if (template.EfficientEos) needed.Add(TemplatePart.Eos);
        if (template.ReplaceEos) needed.Add(TemplatePart.Token(template.StopWords[0]));
        if (template.Reasons) needed.Add(TemplatePart.Token("<think>"));
        return [.. needed.Where(IsMissing).Select(part => part.Kind switch
        {
            TemplatePartKind.Bos => "bos_token",
            TemplatePartKind.Eos => "eos_token",
            _ => part.Value,
        }).Distinct()];

        bool IsMissing(TemplatePart part) => part.Kind switch
        {
            TemplatePartKind.Text => false,
            TemplatePartKind.Bos => tokenizer.BosTokenId is null,
            TemplatePartKind.Eos => eos is null,
            _ => tokenizer.IdOf(part.Value) is null,
        };
    }

    /// <summary>Encodes everything up to where the model's answer begins; a last message of the assistant is left out.</summary>
    /// <exception cref="ArgumentException">The messages do not alternate, a user's first.</exception>
    public int[] EncodePrompt(Conversation conversation)
    {
        var messages = conversation.Messages;
        if (messages.Count > 0 && messages[^1].Role == "assistant") messages = [.. messages.SkipLast(1)];
        var ids = new List<int>();
        for (var i = 0; i < messages.Count; i++)
        {
            if (i % 2 == 0) EncodeUser(conversation, i, ids);
            else EncodeEarlierAnswer(messages[i].Content, ids);
        }
        if (messages.Count % 2 == 0)
            throw new ArgumentException($"a prompt must end with a user's message, this has {messages.Count} messages");
        if (_template.Reasons && !_enableThinking) EncodeParts(EmptyThought, "", ids);
        return [.. ids];
    }

    /// <summary>Encodes a text that is no chat and is to be continued, behind what the model's texts begin with.</summary>
    public int[] EncodeText(string text)
    {
        List<int> ids = [];
        EncodeParts([.. _template.Prefix, "{content}"], text, ids);
        return [.. ids];
    }

    /// <summary>Encodes an answer of an earlier turn as training rows have it; of a model that may think, thoughts are forgotten.</summary>
    void EncodeEarlierAnswer(string content, List<int> ids)
    {
        if (_template.Reasons && !_enableThinking) EncodeParts(EmptyThought, "", ids);
        EncodeParts(_template.Assistant, _template.Reasons ? WithoutThought(content) : content, ids);
    }

    /// <summary>Returns input ids and labels of a training row whose last message is the answer.</summary>
    public TokenRow EncodeSupervised(Conversation conversation, SupervisedOptions options) =>
        SupervisedEncoding.Encode(EncodeTurns(conversation), _template.EfficientEos ? _eos : null, options);

    /// <summary>Returns the ids of each question, with all that the template puts around it, and of its answer.</summary>
    List<(int[] Source, int[] Target)> EncodeTurns(Conversation conversation)
    {
        var messages = conversation.Messages;
        if (messages.Count == 0 || messages.Count % 2 != 0)
            throw new ArgumentException($"a training row must alternate questions and answers, this has {messages.Count} messages");
        List<(int[], int[])> turns = [];
        for (var i = 0; i < messages.Count; i += 2)
        {
            List<int> source = new(256), target = new(16); // as long as most are
            EncodeUser(conversation, i, source);
            var answer = Answer(conversation, i + 1);
            if (_template.Reasons && !_enableThinking) answer = WithoutThought(answer);
            var thought = _template.Reasons && !answer.Contains("<think>") && !answer.Contains("</think>");
            if (thought) EncodeParts(EmptyThought, "", _enableThinking ? target : source);
            EncodeAnswer(answer, target);
            turns.Add(([.. source], [.. target]));
        }
        return turns;
    }

    void EncodeUser(Conversation conversation, int index, List<int> ids)
    {
        var message = conversation.Messages[index];
        if (message.Role != "user") throw new ArgumentException($"message {index} is the {message.Role}'s, where a user's was expected");
        if (index == 0)
        {
            EncodeParts(_template.Prefix, "", ids);
            var system = string.IsNullOrEmpty(conversation.System) ? DefaultSystem : conversation.System;
            if (system.Length > 0) EncodeParts(_template.System, system, ids);
        }
        EncodeParts(_template.User, message.Content, ids);
    }

    static string Answer(Conversation conversation, int index) => conversation.Messages[index] is { Role: "assistant" } message
        ? message.Content
        : throw new ArgumentException($"message {index} is the {conversation.Messages[index].Role}'s, where the assistant's was expected");

    /// <summary>Encodes an answer that thinks: the two tokens around its thought are the template's, not text.</summary>
    void EncodeAnswer(string content, List<int> ids)
    {
        if (!_template.Reasons || !_enableThinking)
        {
            EncodeParts(_template.Assistant, content, ids);
            return;
        }
        foreach (var part in ThoughtMark().Split(content))
            EncodeParts([part is "<think>" or "</think>" ? TemplatePart.Token(part) : "{content}"], part, ids);
        EncodeParts(_template.Assistant, "", ids);
    }

    void EncodeParts(TemplatePart[] parts, string content, List<int> ids)
    {
        foreach (var part in parts)
        {
            if (part.Kind != TemplatePartKind.Text) ids.Add(IdOf(part));
            else if (part.Value.Replace("{content}", content) is { Length: > 0 } text) _tokenizer.Encode(text, ids);
        }
    }

    int IdOf(TemplatePart part) => part.Kind switch
    {
        TemplatePartKind.Bos => _tokenizer.BosTokenId ?? throw Lacks("bos_token"),
        TemplatePartKind.Eos => _eos ?? throw Lacks("eos_token"),
        _ => IdOf(part.Value),
    };

    int IdOf(string token) => _tokenizer.IdOf(token) ?? throw new UserErrorException(
        $"template \"{Name}\" needs the token {token}, which the tokenizer does not have; choose the template of the model's family");

    UserErrorException Lacks(string key) => new($"template \"{Name}\" needs {key}: {TokenizerConfig.FileName} does not name it, " +
        "or names a token that does not exist; add it there");

    static string WithoutThought(string answer) => Thought().Replace(answer, "").TrimStart('\n');

    [GeneratedRegex("<think>\n(.*?)\n</think>\n\n", RegexOptions.Singleline)]
    private static partial Regex Thought();

    [GeneratedRegex("(</?think>)")]
    private static partial Regex ThoughtMark();
}
