using FinIntent.Server.Errors;

namespace FinIntent.Server.Chat;

/// <summary>Knows the fields of other servers' requests that would change an answer and are not supported: these are refused by name,
/// where they ask for anything. All other unknown fields are ignored, as vLLM does.</summary>
static class UnsupportedFields
{
    const string NoTools = "the model calls no tools; leave it out and ask for a choice with structured_outputs.choice";
    const string NoGrammar = "no pattern is taken from a caller; give the answers to choose from in structured_outputs.choice";
    const string NoPenalty = "only repetition_penalty is supported; leave it out";
    const string NotText = "the model reads and writes text only; leave it out";
    const string OneAnswer = "a request has one answer; send several requests with different seeds";
    const string Template = "the conversation is written as in training; leave it out";
    const string Ids = "tokens cannot be chosen by id; leave it out";
    const string Plain = "it is not supported; leave it out";

    static readonly Dictionary<string, (Func<JsonElement, bool> IsHarmless, string Remedy)> Known = new()
    {
        ["tools"] = (IsEmpty, NoTools),
        ["tool_calls"] = (IsEmpty, NoTools),
        ["tool_choice"] = (v => IsEmpty(v) || IsText(v, "none", "auto"), NoTools),
        ["functions"] = (IsEmpty, NoTools),
        ["function_call"] = (v => IsEmpty(v) || IsText(v, "none", "auto"), NoTools),
        ["guided_json"] = (IsEmpty, "use response_format with a JSON schema that is an enum"),
        ["guided_regex"] = (IsEmpty, NoGrammar),
        ["guided_grammar"] = (IsEmpty, NoGrammar),
        ["guided_json_object"] = (IsEmpty, NoGrammar),
        ["structural_tag"] = (IsEmpty, NoGrammar),
        ["grammar"] = (IsEmpty, NoGrammar),
        ["json_schema"] = (IsEmpty, "use response_format with a JSON schema that is an enum"),
        ["logit_bias"] = (IsEmpty, "use structured_outputs.choice to say what the answer may be"),
        ["presence_penalty"] = (IsEmpty, NoPenalty),
        ["frequency_penalty"] = (IsEmpty, NoPenalty),
        ["min_p"] = (IsEmpty, "use top_p"),
        ["min_tokens"] = (IsEmpty, Plain),
        ["ignore_eos"] = (IsEmpty, Plain),
        ["best_of"] = (v => IsEmpty(v) || IsOne(v), OneAnswer),
        ["use_beam_search"] = (IsEmpty, Plain),
        ["length_penalty"] = (v => IsEmpty(v) || IsOne(v), Plain),
        ["suffix"] = (IsEmpty, Plain),
        ["echo"] = (IsEmpty, "the answer is what follows; leave it out"),
        ["continue_final_message"] = (IsEmpty, Template),
        ["add_generation_prompt"] = (v => v.ValueKind is JsonValueKind.Null or JsonValueKind.True, Template),
        ["chat_template"] = (IsEmpty, Template),
        ["chat_template_kwargs"] = (IsEmpty, Template),
        ["documents"] = (IsEmpty, "put them into the messages"),
        ["stop_token_ids"] = (IsEmpty, Ids),
        ["allowed_token_ids"] = (IsEmpty, Ids),
        ["bad_words"] = (IsEmpty, Plain),
        ["logits_processors"] = (IsEmpty, Plain),
        ["prompt_logprobs"] = (IsEmpty, Plain),
        ["prompt_embeds"] = (IsEmpty, NotText),
        ["truncate_prompt_tokens"] = (IsEmpty, "send a shorter text"),
        ["include_stop_str_in_output"] = (IsEmpty, Plain),
        ["skip_special_tokens"] = (v => v.ValueKind is JsonValueKind.Null or JsonValueKind.True, Plain),
        ["return_tokens_as_token_ids"] = (IsEmpty, Plain),
        ["modalities"] = (v => IsEmpty(v) || (v.ValueKind == JsonValueKind.Array && v.EnumerateArray().All(m => IsText(m, "text"))),
            NotText),
        ["audio"] = (IsEmpty, NotText),
        ["images"] = (IsEmpty, NotText),
        ["web_search_options"] = (IsEmpty, "nothing is ever fetched; leave it out"),
        ["reasoning_effort"] = (v => IsEmpty(v) || IsText(v, "none"), "how long the model thinks is the training's choice; leave it out"),
        ["think"] = (v => IsEmpty(v) || IsText(v, "none"), "how long the model thinks is the training's choice; leave it out"),
        ["lora_request"] = (IsEmpty, "name the adapter as model"),
        ["activation"] = (IsTrue, Plain),
        ["use_activation"] = (IsTrue, Plain),
        ["softmax"] = (IsTrue, Plain),
        ["repeat_penalty"] = (v => IsEmpty(v) || IsOne(v), Plain),
        ["mirostat"] = (IsEmpty, Plain),
        ["typical_p"] = (v => IsEmpty(v) || IsOne(v), Plain),
        ["tfs_z"] = (v => IsEmpty(v) || IsOne(v), Plain),
        ["template"] = (IsEmpty, Template),
        ["system"] = (IsEmpty, "put it into a message of the role system"),
        ["raw"] = (IsEmpty, Plain),
    };

    /// <param name="within">The object that the fields stand in, with a point behind it; empty for the request itself.</param>
    /// <exception cref="ServerError">400: a field asks for what is not supported.</exception>
    public static void Check(Dictionary<string, JsonElement>? fields, string within = "")
    {
        foreach (var (name, value) in fields ?? [])
            if (Known.TryGetValue(name, out var field) && !field.IsHarmless(value)) throw Refused($"{within}{name}", field.Remedy);
    }

    public static ServerError Refused(string name, string remedy) =>
        ServerError.BadRequest($"{name} is not supported: {remedy}", name, "unsupported_parameter");

    static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False or JsonValueKind.Undefined => true,
        JsonValueKind.Number => value.GetDouble() == 0,
        JsonValueKind.String => value.GetString() is "",
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    static bool IsOne(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 1;

    static bool IsTrue(JsonElement value) => value.ValueKind is JsonValueKind.Null or JsonValueKind.True;

    static bool IsText(JsonElement value, params ReadOnlySpan<string> texts)
    {
        if (value.ValueKind != JsonValueKind.String) return false;
        foreach (var text in texts)
            if (value.ValueEquals(text)) return true;
        return false;
    }
}
