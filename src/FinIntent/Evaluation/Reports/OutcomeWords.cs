using static System.FormattableString;

namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says of answers that could not be read for a reason of their own, and what helps.</summary>
static class OutcomeWords
{
    /// <summary>A sentence for each kind of outcome that occurs, the one that spoils most first.</summary>
    public static IEnumerable<Bilingual> Of(AnswerOutcomes? outcomes)
    {
        if (outcomes is null) yield break;
        if (outcomes.IsSilent)
            yield return new(
                $"共 {outcomes.Count} 题，没有一题得到可读的回答：得分说明不了模型的好坏。",
                $"None of the {ReportWords.Of(outcomes.Count, "question")} has an answer that can be read: " +
                    "scores say nothing of the model.");
        if (outcomes.Empty > 0) yield return Empty(outcomes);
        if (outcomes.Refused > 0)
            yield return new(
                $"{outcomes.Refused} 题被拒绝回答（内容审核或模型自己拒绝），按答错计。",
                $"{Was(outcomes.Refused, "question")} refused (by a filter of contents or the model itself): wrong.");
        if (outcomes.TooLong > 0)
            yield return new(
                $"{outcomes.TooLong} 题连同 max_new_tokens 放不进模型的上下文，按答错计：请调小 max_new_tokens，或缩短问句。",
                $"{Was(outcomes.TooLong, "question")} too long for the model's context with max_new_tokens: wrong. " +
                    "Lower max_new_tokens, or shorten the questions.");
        if (outcomes.CutShort > 0)
            yield return new(
                $"{outcomes.CutShort} 个回答被 max_new_tokens 截断（思考也计在内）：请调大它。",
                $"{Was(outcomes.CutShort, "answer")} cut short by max_new_tokens (thoughts count): raise it.");
        if (outcomes.Unfinished > 0)
            yield return new(
                $"{outcomes.Unfinished} 个回答停在思考之中，没有答案，按答错计：请调大 max_new_tokens，或关闭思考。",
                $"{Verb(outcomes.Unfinished, "answer", "ends", "end")} inside a thought, without a choice: wrong. " +
                    "Raise max_new_tokens, or turn thinking off.");
    }

    static Bilingual Empty(AnswerOutcomes outcomes) => outcomes.Field is { } field
        ? new(
            $"{outcomes.Empty} 个回答是空的，文字在 {field} 里：请关闭思考（api_parameters，视服务器而定：{Off}），或去掉服务器的 reasoning parser，" +
                "再以 overwrite_output_dir: true 重新评测。",
            $"{Was(outcomes.Empty, "answer")} empty, and the text is in {field}: turn thinking off (api_parameters, " +
                $"as the server has it: {Off}), or start the server without its reasoning parser; then ask anew " +
                "with overwrite_output_dir: true.")
        : new($"{outcomes.Empty} 个回答是空的，按答错计。", $"{Was(outcomes.Empty, "answer")} empty: wrong.");

    const string Off = "{enable_thinking: false}, {chat_template_kwargs: {enable_thinking: false}}, {reasoning_effort: none}";

    static string Was(int count, string noun) => Verb(count, noun, "was", "were");

    static string Verb(int count, string noun, string one, string several) =>
        Invariant($"{ReportWords.Of(count, noun)} {(count == 1 ? one : several)}");
}
