namespace FinIntent.Text;

/// <summary>Writes the template as a Jinja program, in which other programs look for it (chat_template of tokenizer_config.json).</summary>
sealed partial class ChatTemplate
{
    /// <summary>The name of the end token that takes the place of the tokenizer's; null where that one stays.</summary>
    public string? ReplacedEosToken => _template.ReplaceEos ? _template.StopWords[0] : null;

    /// <summary>Returns a program that gives, of a conversation, the text whose tokens <see cref="EncodePrompt"/> gives.</summary>
    /// <remarks>As LLaMA-Factory's, it ends every question with the words that begin an answer, whatever add_generation_prompt says. A
    /// tokenizer of another kind than byte-level BPE puts blanks of its own into texts, so that no program says what is read:
    /// null.</remarks>
    public string? ToJinja()
    {
        if (_tokenizer is not ByteLevelTokenizer) return null;
        var (thought, answer) = ("", "message['content']");
        if (_template.Reasons)
        {
            answer = "message['content'].split('</think>')[-1].lstrip('\\n')";
            if (!_enableThinking) thought = $" + {Expression(EmptyThought)}";
        }
        return (_template.Prefix.Length > 0 ? $"{{{{ {Expression(_template.Prefix)} }}}}" : "") +
            $"{{% set system_message = {Literal(DefaultSystem)} %}}{{% set loop_messages = messages %}}" +
            "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}" +
            "{% if messages[0]['content'] %}{% set system_message = messages[0]['content'] %}{% endif %}{% endif %}" +
            $"{{% if system_message %}}{{{{ {Expression(_template.System, "system_message")} }}}}{{% endif %}}" +
            "{% for message in loop_messages %}{% if message['role'] == 'user' %}" +
            $"{{{{ {Expression(_template.User, "message['content']")}{thought} }}}}" +
            $"{{% elif message['role'] == 'assistant' %}}{{% set content = {answer} %}}{{{{ " +
            $"{Expression(_template.Assistant, "content")} }}}}" +
            "{% endif %}{% endfor %}";
    }

    /// <summary>Returns an expression for the parts' text; neighbours that are fixed are one literal.</summary>
    /// <param name="content">The expression for what is said.</param>
    string Expression(TemplatePart[] parts, string content = "''")
    {
        const string Mark = "{content}";
        var text = string.Concat(parts.Select(part => part.Kind switch
        {
            TemplatePartKind.Text or TemplatePartKind.Token => part.Value,
            _ => Encoding.UTF8.GetString(_tokenizer.BytesOf(IdOf(part))),
        }));
        var pieces = text.Split(Mark).SelectMany((piece, i) => i == 0 ? (string[])[Literal(piece)] : [content, Literal(piece)]);
        return string.Join(" + ", pieces.Where(piece => piece != "''"));
    }

    static string Literal(string text) => $"'{text.Replace("\\", "\\\\").Replace("'", "\\'").Replace("\n", "\\n").Replace("\r", "\\r")}'";
}
