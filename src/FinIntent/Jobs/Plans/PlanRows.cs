using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training.Memory;

namespace FinIntent.Jobs.Plans;

/// <summary>Holds the lengths of the rows that a plan counts with.</summary>
/// <param name="Note">The source of the lengths, when that is not the model's tokenizer.</param>
sealed record PlanRows(RowLengths Lengths, string? Note)
{
    // Tokens of Chinese and English text alike have four bytes or more, and a template adds some thirty.
    const int BytesPerToken = 4, TemplateTokens = 30;

    // Rows of cutoff_len when there are none to look at.
    const int AssumedCount = 1000;

    public static PlanRows Of(Prepared prepared, string template)
    {
        var settings = prepared.Settings;
        // What would be written by a run is not written by a plan.
        var tokens = File.Exists(settings.Dataset.TokenizedPath) ? settings.Dataset.TokenizedPath : null;
        var data = settings.Dataset with { TokenizedPath = tokens };
        var tokenizer = prepared.ModelFolder is { } folder && Tokenizer.IsIn(folder) ? Tokenizer.Load(folder) : null;
        try
        {
            var inspection = new RowInspection { HubFiles = prepared.HubFiles };
            using var rows =
                TrainingRows.Load(data, settings.Method.Stage, settings.Train.Seed, Encoder, _ => { }, () => tokenizer, inspection);
            var lengths = RowLengths.Of(TrainJob.InputOf(rows, settings));
            if (tokenizer is not null || tokens is not null) return new(lengths, null);
            return new(lengths with { Longest = data.CutoffLen },
                "no tokenizer here: lengths guessed from the rows' bytes for time, cutoff_len for memory");
        }
        catch (UserErrorException e) when (tokenizer is null || !HubDatasets.AreHere(data, prepared.HubFiles))
        {
            var labels = settings.Method.Stage == Stage.Pt ? 1 : 0.1;
            return new(new(AssumedCount, data.CutoffLen, data.CutoffLen, 0, labels),
                $"no rows here ({e.Message}); counted with {AssumedCount:N0} of cutoff_len");
        }

        RowEncoder Encoder() => tokenizer is null
            ? new(conversation => Guess(conversation, settings))
            : RowEncoder.For(settings.Method.Stage, data, tokenizer,
                ChatTemplate.Get(template, tokenizer, data.DefaultSystem, data.EnableThinking));
    }

    static TokenRow Guess(Conversation conversation, SettingsFile settings)
    {
        var isPlain = settings.Method.Stage == Stage.Pt;
        var tokens = conversation.Messages.Select(m => 1 + (Encoding.UTF8.GetByteCount(m.Content) / BytesPerToken)).ToList();
        var all = Math.Min(settings.Dataset.CutoffLen, isPlain ? tokens[0] : tokens.Sum() + TemplateTokens
            + (Encoding.UTF8.GetByteCount(conversation.System ?? "") / BytesPerToken));
        var learnt = isPlain || settings.Dataset.TrainOnPrompt ? all
            : Math.Min(all, conversation.Messages.Index().Where(m => m.Index % 2 == 1).Sum(m => 1 + tokens[m.Index]));
        return new(new int[all], [.. Enumerable.Repeat(TokenRow.IgnoredLabel, all - learnt), .. new int[learnt]]);
    }
}
