namespace FinIntent.Files;

/// <summary>A kind of file that this program writes and reads again, with the format that it writes (docs/files.md).</summary>
/// <remarks>
/// Such a file tells its format and which version of the program wrote it; without these keys it is of FinIntent 0.1, in format 1. Every
/// reader reads all formats up to the newest and refuses a newer one.
/// </remarks>
/// <param name="File">What the file is called.</param>
/// <param name="Newest">The format that is written, and the newest that is read.</param>
sealed record FormatVersion(string File, int Newest)
{
    public const string Key = "format_version";
    public const string WriterKey = "written_by";

    public static readonly FormatVersion Run = new("run.json", 1);
    public static readonly FormatVersion TrainerState = new("trainer_state.json", 1);
    public static readonly FormatVersion Export = new("finintent.json", 1);
    public static readonly FormatVersion ResumableRun = new("FILE.run.json", 1);
    public static readonly FormatVersion Step = new("RESULT.step.json", 1);
    public static readonly FormatVersion Report = new("report.json", 1);
    public static readonly FormatVersion Calibration = new("intent_calibration.json", 1);
    public static readonly FormatVersion Answers = new(".OUTPUT.answers", 1);
    public static readonly FormatVersion Part = new("part-*.done", 1);
    public static readonly FormatVersion Merge = new("OUTPUT/summary.json", 1);
    public static readonly FormatVersion CommitList = new(".finintent/COMMIT.json", 2);
    public static readonly FormatVersion HubRecord = new(".finintent.json", 1);
    public static readonly FormatVersion Tokens = new("tokens/KEY.rows", 1);

    public static IReadOnlyList<FormatVersion> All { get; } =
        [Run, TrainerState, Export, ResumableRun, Step, Report, Calibration, Answers, Part, Merge, CommitList, HubRecord, Tokens];

    /// <summary>Puts both keys before the others.</summary>
    /// <returns>The same object.</returns>
    public JsonObject Stamp(JsonObject json)
    {
        json.Remove(Key);
        json.Remove(WriterKey);
        json.Insert(0, Key, Newest);
        json.Insert(1, WriterKey, ProgramVersion.Number);
        return json;
    }

    /// <summary>Whether a value is in a format that is read here; for caches, which are made again where it is not.</summary>
    public bool Reads(JsonNode? json) =>
        json is not JsonObject map || map[Key] is not JsonValue value || (value.TryGetValue(out int format) && format <= Newest);

    /// <summary>Refuses a file in a newer format, and tells both versions.</summary>
    /// <param name="path">For the message.</param>
    /// <exception cref="UserErrorException">The file is in a newer format, or its format is no number.</exception>
    public void Check(string path, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(Key, out var value)) return;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var format) || format < 1)
            throw new UserErrorException($"{path}: {Key} is {value.GetRawText()}; expected a whole number from 1 to {Newest}");
        if (format <= Newest) return;
        var version = json.TryGetProperty(WriterKey, out var by) && by.ValueKind == JsonValueKind.String ? by.GetString() : null;
        var (writer, remedy) = version is null ? ("a newer FinIntent", "it") : ($"FinIntent {version}", $"FinIntent {version} or newer");
        throw new UserErrorException($"{path}: {writer} wrote it in format {format}; this is FinIntent {ProgramVersion.Number}, " +
            $"which reads this file up to format {Newest}; use {remedy}");
    }
}
