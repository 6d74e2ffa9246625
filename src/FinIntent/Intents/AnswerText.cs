namespace FinIntent.Intents;

/// <summary>Is what a model says to a question, without the thoughts that it wrote before.</summary>
/// <param name="Text">The answer's own text, as it was written.</param>
/// <param name="IsUnfinished">The answer ends inside a thought, so that no choice may be read from it.</param>
readonly partial record struct AnswerText(string Text, bool IsUnfinished)
{
    /// <summary>Takes thoughts off an answer.</summary>
    /// <remarks>A template may write the opening tag into the prompt, so that an answer has the closing one alone: then all before it
    /// is a thought.</remarks>
    public static AnswerText Of(string answer)
    {
        if (answer.AsSpan().IndexOfAny('<', '[', '◁') < 0 && !answer.Contains("assistantfinal", StringComparison.Ordinal))
            return new(answer, false);
        var text = new StringBuilder();
        var (from, isThought, hasThought) = (0, false, false);
        foreach (Match tag in Tags().Matches(answer))
        {
            if (!isThought) text.Append(answer, from, tag.Index - from);
            var opens = tag.Groups["open"].Success;
            if (!opens && !isThought) text.Clear();
            (from, isThought, hasThought) = (tag.Index + tag.Length, opens, true);
        }
        if (!hasThought) return new(answer, false);
        if (!isThought) text.Append(answer, from, answer.Length - from);
        return new(Wrappers().Replace(text.ToString(), ""), isThought);
    }

    // Read from the chat templates and reasoning parsers of DeepSeek R1, Qwen3, GLM, MiniMax, Hunyuan (think), Seed-OSS (seed:think),
    // Kimi (◁think▷), Magistral ([THINK]), Command A (START_THINKING), OpenThinker (begin_of_thought), Apertus (inner_prefix), MedGemma
    // (unused94), Gemma 4 (channel>thought) and gpt-oss (channels; without its special tokens "analysis…assistantfinal…").
    [GeneratedRegex("""
        (?<open> <(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|seed:think)(?:\s[^<>]*)?>
            | ◁think▷ | \[THINK\] | <\|START_THINKING\|> | <\|begin_of_thought\|> | <\|inner_prefix\|> | <unused94>
            | <\|channel>thought | <\|channel\|>(?:analysis|commentary)[^<]*<\|message\|> | \A\s*analysis(?=[\s\S]*assistantfinal) )
        | </(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|seed:think)\s*>
            | ◁/think▷ | \[/THINK\] | <\|END_THINKING\|> | <\|end_of_thought\|> | <\|inner_suffix\|> | <unused95>
            | <channel\|> | <\|channel\|>final[^<]*<\|message\|> | assistantfinal
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Tags();

    /// <summary>What stands around an answer that follows a thought.</summary>
    [GeneratedRegex("""
        </?(?:answer|response)> | <\|(?:START|END)_RESPONSE\|> | <\|(?:begin|end)_of_solution\|> | <\|(?:return|end)\|>
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Wrappers();
}
