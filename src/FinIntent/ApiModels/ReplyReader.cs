namespace FinIntent.ApiModels;

/// <summary>Reads the body of an HTTP answer: chat completions in their dialects, Anthropic's messages, and all forms of errors.</summary>
static partial class ReplyReader
{
    /// <summary>Fields that have text beside an answer: DeepSeek, vLLM, SGLang, DashScope, Zhipu; OpenRouter, Ollama; others.</summary>
    static readonly string[] ThoughtFields = ["reasoning_content", "reasoning", "thinking", "reasoning_details"];

    static readonly string[] CodeKeys = ["code", "type", "status", "error_code", "status_code"];

    static readonly string[] MessageKeys = ["message", "msg", "error_msg", "status_msg", "detail"];

    /// <param name="reply">What the head of the answer says; the rest is added.</param>
    /// <exception cref="FormatException">The status is 200, and the body is neither an answer nor an error.</exception>
    public static ApiReply Read(ApiReply reply, string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body.TrimStart('\uFEFF'));
            return Read(reply, document.RootElement, body);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // a name with half of a surrogate pair
        {
            if (reply.Status == 200) throw new FormatException($"what it sent is not JSON: \"{Beginning(body)}\"");
            return reply with { Error = body.Length == 0 ? "no message" : body.ReplaceLineEndings(" ") }; // a proxy's page
        }
    }

    static ApiReply Read(ApiReply reply, JsonElement root, string body)
    {
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0) root = root[0]; // Gemini
        if (reply.Status != 200 || IsError(root)) return Error(reply, root);
        if (root.ValueKind == JsonValueKind.Object)
        {
            if (Field(root, "choices") is { ValueKind: JsonValueKind.Array } choices) return Choice(reply, root, choices);
            if (Field(root, "content") is { ValueKind: JsonValueKind.Array }) return Message(reply, root, root, Text(root, "stop_reason"));
        }
        throw new FormatException($"what it sent is not an answer: \"{Beginning(body)}\"");
    }

    static ApiReply Choice(ApiReply reply, JsonElement root, JsonElement choices)
    {
        var isBlocked = IsTrue(root, "input_sensitive") || IsTrue(root, "output_sensitive") // MiniMax
            || Text(Field(root, "prompt_feedback") ?? Field(root, "promptFeedback") ?? default, "block_reason", "blockReason") is not null;
        if (choices.GetArrayLength() == 0 && (isBlocked || Field(root, "usage") is not null))
            return WithUsage(reply, root) with { IsRefused = isBlocked };
        if (choices.GetArrayLength() == 0) throw new FormatException("what it sent has no answer in its \"choices\"");
        var choice = choices[0];
        var read = Message(reply, root, Field(choice, "message") ?? choice, Text(choice, "finish_reason"));
        return read with { IsRefused = read.IsRefused || (isBlocked && read.Text.Length == 0) };
    }

    static ApiReply Message(ApiReply reply, JsonElement root, JsonElement message, string? finish)
    {
        var (text, thought) = Content(Field(message, "content") ?? Field(message, "text") ?? default);
        var isBlank = string.IsNullOrWhiteSpace(text);
        var field = !isBlank ? null : thought ?? ThoughtFields.FirstOrDefault(name => HasText(Field(message, name)));
        var isRefused = isBlank && Text(message, "refusal") is not null;
        var read = WithUsage(reply, root) with { Text = text ?? "", Field = field, IsRefused = isRefused, Finish = finish };
        if (isBlank && finish is null && field is null && !isRefused && read.OutputTokens is null)
            throw new FormatException("the answer has neither text nor a reason why it ended");
        return read;
    }

    /// <summary>Reads a text, or a list of parts with texts and thoughts (Anthropic, Mistral).</summary>
    static (string? Text, string? Field) Content(JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Array) return (Text(content), null);
        var parts = content.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object).ToList();
        var texts = parts.Where(part => Text(part, "type") is null or "text" or "output_text").Select(part => Text(part, "text"));
        var thought = parts.Select(part => Text(part, "type")).FirstOrDefault(type => type is "thinking" or "reasoning");
        return (string.Concat(texts), thought);
    }

    static ApiReply WithUsage(ApiReply reply, JsonElement root)
    {
        var usage = Field(root, "usage") ?? default;
        // Anthropic counts cached tokens beside the others.
        var input = Number(usage, "prompt_tokens") ?? Number(usage, "input_tokens");
        var cached = (Number(usage, "cache_creation_input_tokens") ?? 0) + (Number(usage, "cache_read_input_tokens") ?? 0);
        var isWithCached = Number(usage, "prompt_tokens") is not null;
        return reply with
        {
            InputTokens = isWithCached ? input : input + cached,
            OutputTokens = Number(usage, "completion_tokens") ?? Number(usage, "output_tokens"),
        };
    }

    /// <summary>Says whether a body that came with 200 tells an error all the same.</summary>
    static bool IsError(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) return false;
        if (HasText(Field(root, "error")) || Text(root, "object") == "error" || Text(root, "type") == "error") return true;
        if (Field(root, "base_resp") is { } answer && Number(answer, "status_code") is not (null or 0)) return true;      // MiniMax
        if (Field(root, "choices") is { ValueKind: JsonValueKind.Array } choices)
            return choices.GetArrayLength() > 0 && HasText(Field(choices[0], "error"));                                  // OpenRouter
        if (Field(root, "content") is not null) return false;
        // Spark, SiliconFlow, Zhipu, Baidu, FastAPI
        return (CodeOf(Field(root, "code")) ?? CodeOf(Field(root, "error_code"))) is not (null or "0" or "200")
            || Field(root, "success") is { ValueKind: JsonValueKind.False } || HasText(Field(root, "detail"));
    }

    static ApiReply Error(ApiReply reply, JsonElement root)
    {
        List<string> codes = [];
        string? message = null;
        Collect(root, 0);
        var own = codes.Select(code => int.TryParse(code, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .FirstOrDefault(number => number is >= 400 and <= 599);
        message ??= codes.Count > 0 ? string.Join(", ", codes) : root.GetRawText() is "{}" or "null" ? "no message" : root.GetRawText();
        return reply with
        {
            Status = reply.Status == 200 && own > 0 ? own : reply.Status,
            Error = message.ReplaceLineEndings(" "),
            Codes = codes,
            RetryAfter = reply.RetryAfter ?? RetryIn(root),
        };

        void Collect(JsonElement error, int depth)
        {
            if (error.ValueKind == JsonValueKind.String) message ??= Text(error);
            if (error.ValueKind == JsonValueKind.Array && error.GetArrayLength() > 0) message ??= Text(error[0], MessageKeys);
            if (error.ValueKind != JsonValueKind.Object || depth > 3) return;
            foreach (var inner in (string[])["error", "innererror", "base_resp"])
                if (Field(error, inner) is { } next) Collect(next, depth + 1);
            if (Field(error, "choices") is { ValueKind: JsonValueKind.Array } choices && choices.GetArrayLength() > 0)
                Collect(choices[0], depth + 1);
            codes.AddRange(CodeKeys.Select(key => CodeOf(Field(error, key))).OfType<string>().Except(codes));
            message ??= Text(error, MessageKeys)
                ?? (Field(error, "detail") is { ValueKind: JsonValueKind.Array } list ? list.GetRawText() : null);
        }
    }

    /// <summary>Reads Gemini's {"details": [{"retryDelay": "23s"}]}.</summary>
    static TimeSpan? RetryIn(JsonElement root) => RetryDelay().Match(root.GetRawText()) is { Success: true } match
        && double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e6
        ? TimeSpan.FromSeconds(seconds) : null;

    [GeneratedRegex(@"""retryDelay"":\s*""(\d+(?:\.\d+)?)s""", RegexOptions.CultureInvariant)]
    private static partial Regex RetryDelay();

    static JsonElement? Field(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null ? field : null;

    static bool IsTrue(JsonElement value, string name) => Field(value, name) is { ValueKind: JsonValueKind.True };

    static bool HasText(JsonElement? value) => value is { } field && field.ValueKind switch
    {
        JsonValueKind.String => !string.IsNullOrWhiteSpace(Text(field)),
        JsonValueKind.Array => field.GetArrayLength() > 0,
        JsonValueKind.Object => field.EnumerateObject().Any(),
        _ => false,
    };

    static long? Number(JsonElement value, string name) =>
        Field(value, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var whole) ? whole : null;

    static string? CodeOf(JsonElement? code) => code is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.String => Text(value) is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    /// <summary>Returns the first of the fields that has a text; null: none has.</summary>
    static string? Text(JsonElement value, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Field(value, name) is { } field && Text(field) is { Length: > 0 } text) return text;
        return null;
    }

    /// <summary>Returns a text; half of a surrogate pair, where a server cut one in two, becomes U+FFFD.</summary>
    static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return JsonSerializer.Deserialize<string>(HalfPair().Replace(value.GetRawText(), @"\ufffd"));
        }
    }

    [GeneratedRegex("""
        (?<=(?<!\\)(?:\\\\)*)(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})
            |(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex HalfPair();

    static string Beginning(string body)
    {
        const int Shown = 200;
        return (body.Length <= Shown ? body : body[..Shown] + "…").ReplaceLineEndings(" ");
    }
}
