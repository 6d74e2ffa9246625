using System.IO.Hashing;
using FinIntent.Data.Leaks;
using FinIntent.Data.Rows;
using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Holds the hashes of a row's prompt and answer.</summary>
readonly record struct RowHash(ulong Prompt, ulong Answer)
{
    public static RowHash Of(Conversation conversation)
    {
        var (hash, messages) = (new XxHash3(), conversation.Messages);
        Append(conversation.System ?? "");
        for (var i = 0; i < messages.Count - 1; i++) Append(messages[i].Content);
        return new(hash.GetCurrentHashAsUInt64(), XxHash3.HashToUInt64(Bytes(messages[^1].Content)));

        void Append(string text)
        {
            hash.Append(MemoryMarshal.AsBytes<int>([text.Length])); // "ab", "c" is not "a", "bc"
            hash.Append(Bytes(text));
        }
    }

    static ReadOnlySpan<byte> Bytes(string text) => MemoryMarshal.AsBytes(text.AsSpan());
}

/// <summary>Looks at rows in their order while they are encoded, and notes what is wrong with a row or a file; reading goes on.</summary>
/// <remarks>Where there is no survey, what is wrong is an exception.</remarks>
/// <param name="endTokens">The tokens that an answer must have one of; empty where rows are no answers.</param>
sealed class RowSurvey(IReadOnlyList<int> endTokens) : IDisposable
{
    readonly PromptIndex _prompts = new();
    readonly List<string> _files = [];
    readonly int[] _endTokens = [.. endTokens];

    public RowFindings Findings { get; private set; } = new();

    /// <summary>The leaks of evaluation questions in training rows; null means that there was nothing to compare with.</summary>
    public LeakReport? Leaks { get; set; }

    /// <summary>Takes over what an earlier survey of the same rows found.</summary>
    public void Take(RowFindings findings) => Findings = findings;

    /// <summary>Calls what reads a file, and notes the error that ends it.</summary>
    public static T? Read<T>(RowSurvey? survey, Func<T> read) where T : class
    {
        if (survey is null) return read();
        try
        {
            return read();
        }
        catch (UserErrorException e)
        {
            survey.Findings.Broken.Add(e.Message);
            return null;
        }
    }

    public void SeeRefused(UserErrorException error)
    {
        Findings.Rows++;
        Findings.Refused.Add(() => error.Message);
    }

    public void SeeLeftOut(string problem)
    {
        Findings.Rows++;
        Findings.LeftOut.Add(() => problem);
    }

    /// <param name="hash">The hashes of what the row says; null where that is not known.</param>
    public void See(RowPlace place, TokenRow row, RowHash? hash)
    {
        Findings.Rows++;
        var length = row.InputIds.Length + row.CutTokens;
        if (length > Findings.Longest) (Findings.Longest, Findings.LongestPlace) = (length, place.ToString());
        if (row.CutTokens > 0) Findings.Cut.Add(() => $"{place} ({length:N0} tokens)");
        // A row's first token has nothing before it to be predicted from.
        var learnt = row.Labels.AsSpan(1).LastIndexOfAnyExcept(TokenRow.IgnoredLabel) + 1;
        if (learnt == 0) Findings.Unlearnt.Add(place.ToString);
        else if (_endTokens.Length > 0 && !EndsIn(row.Labels.AsSpan(0, learnt + 1))) Findings.Endless.Add(place.ToString);
        if (hash is { } known) Compare(place, known);
    }

    /// <summary>Says whether the last stretch of labels has an end token.</summary>
    bool EndsIn(ReadOnlySpan<int> labels)
    {
        var before = labels.LastIndexOf(TokenRow.IgnoredLabel);
        return labels[(before + 1)..].ContainsAny(_endTokens);
    }

    void Compare(RowPlace place, RowHash hash)
    {
        if (_prompts.Add(new(hash.Prompt, hash.Answer, Number(place))) is not { } first) return;
        var tally = first.Answer == hash.Answer ? Findings.Repeated : Findings.Conflicting;
        tally.Add(() => $"{place} and {Place(first.Place)}");
    }

    // The upper bits hold the file's number, the lowest bit says whether the place is a line.
    long Number(RowPlace place)
    {
        if (_files.Count == 0 || _files[^1] != place.File) _files.Add(place.File);
        return ((long)(_files.Count - 1) << 48) | (place.Number << 1) | (place.IsLine ? 1L : 0);
    }

    RowPlace Place(long number) => new(_files[(int)(number >> 48)], (number & ((1L << 48) - 1)) >> 1, (number & 1) == 1);

    public void Dispose() => _prompts.Dispose();
}
