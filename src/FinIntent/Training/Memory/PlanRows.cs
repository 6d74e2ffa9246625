using System.Text;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Training.Memory;

/// <summary>The rows a plan counts with.</summary>
/// <param name="Note">Where their lengths are from, when not from the model's tokenizer.</param>
sealed record PlanRows(RowLengths Lengths, string? Note)
{
    // Tokens of Chinese and English text alike have four bytes or more, and a template adds some thirty.
    const int BytesPerToken = 4, TemplateTokens = 30;

    // Rows of cutoff_len when there are none to look at.
    const int AssumedCount = 1000;

    /// <param name="folder">The model's, if it is here.</param>
    public static PlanRows Of(SettingsFile settings, string? folder, string template)
    {
        // What would be written by a run is not written by a plan.
        var data = settings.Dataset with { TokenizedPath = File.Exists(settings.Dataset.TokenizedPath) ? settings.Dataset.TokenizedPath : null };
        var hasTokenizer = folder is not null && Tokenizer.IsIn(folder);
        try
        {
            using var rows = TrainingRows.Load(data, settings.Method.Stage, settings.Train.Seed, Encoder, _ => { });
            var lengths = RowLengths.Of(TrainingJob.InputOf(rows, settings));
            if (hasTokenizer || data.TokenizedPath is not null) return new(lengths, null);
            return new(lengths with { Longest = settings.Dataset.CutoffLen },
                "no tokenizer here: lengths guessed from the rows' bytes for time, cutoff_len for memory");
        }
        catch (UserErrorException e) when (!hasTokenizer || !HubDatasets.AreHere(data))
        {
            var cutoff = settings.Dataset.CutoffLen;
            return new(new(AssumedCount, cutoff, cutoff, 0, settings.Method.Stage == Stage.Pt ? 1 : 0.1), $"no rows here ({e.Message}); counted with {AssumedCount:N0} of cutoff_len");
        }

        RowEncoder Encoder() => hasTokenizer ? TrainingJob.EncoderOf(settings, folder!, template) : new(conversation => Guess(conversation, settings));
    }

    static TokenRow Guess(Conversation conversation, SettingsFile settings)
    {
        var isPlain = settings.Method.Stage == Stage.Pt;
        var tokens = conversation.Messages.Select(m => 1 + (Encoding.UTF8.GetByteCount(m.Content) / BytesPerToken)).ToList();
        var all = Math.Min(settings.Dataset.CutoffLen, isPlain ? tokens[0] : tokens.Sum() + TemplateTokens + (Encoding.UTF8.GetByteCount(conversation.System ?? "") / BytesPerToken));
        var learnt = isPlain || settings.Dataset.TrainOnPrompt ? all : Math.Min(all, conversation.Messages.Index().Where(m => m.Index % 2 == 1).Sum(m => 1 + tokens[m.Index]));
        return new(new int[all], [.. Enumerable.Repeat(TokenRow.IgnoredLabel, all - learnt), .. new int[learnt]]);
    }
}
