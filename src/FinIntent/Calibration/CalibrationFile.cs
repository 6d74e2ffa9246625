using FinIntent.Calibration.OutOfScope;
using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Calibration;

/// <summary>Keeps a calibration beside the adapter or the model that it is for (docs/calibrate.md).</summary>
static class CalibrationFile
{
    public const string Name = "intent_calibration.json";

    static readonly JsonSerializerOptions Json = new(JsonFile.Indented)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    public static bool IsIn(string folder) => File.Exists(PathIn(folder));

    /// <summary>Writes intent_calibration.json and, where the chosen score needs numbers of hidden states,
    /// intent_calibration.safetensors.</summary>
    /// <remarks>Each is there whole or not at all; the first names the digest of the second, so two that do not belong together are
    /// refused.</remarks>
    public static void Write(string folder, IntentCalibration calibration)
    {
        var states = CalibrationStates.PathIn(folder);
        var fingerprint = calibration.OutOfScope is { } detector ? CalibrationStates.Write(states, detector.Score) : null;
        var stored = JsonSerializer.SerializeToNode(Stored.Of(calibration, fingerprint), Json)!.AsObject();
        JsonFile.Write(PathIn(folder), stored, FormatVersion.Calibration);
        if (fingerprint is null) File.Delete(states);
    }

    /// <summary>Reads the calibration of a folder; null when there is none.</summary>
    /// <exception cref="UserErrorException">A file is damaged, or in a newer format.</exception>
    public static IntentCalibration? Read(string folder)
    {
        var path = PathIn(folder);
        if (!File.Exists(path)) return null;
        using var json = JsonFile.Read(path, FormatVersion.Calibration);
        try
        {
            return Bound(json, path).ToCalibration(CalibrationStates.PathIn(folder));
        }
        catch (JsonException e)
        {
            throw Damaged(path, e.Message, e);
        }
    }

    static Stored Bound(JsonDocument json, string path)
    {
        try
        {
            return JsonBinding.Bind<Stored>(json.RootElement, Json, path);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{e.Message}; run `finintent calibrate` again, or remove the file", e);
        }
    }

    internal static UserErrorException Damaged(string path, string why, Exception? cause = null) =>
        new($"{path}: it is no calibration: {why}; run `finintent calibrate` again, or remove the file", cause);

    sealed record Stored(
        DateTimeOffset? Made, Model Model, IReadOnlyList<Option> Options, string? NoneOption, string Prompt, CalibrationRows? Rows,
        IReadOnlyList<int> ClassCounts, IReadOnlyList<CalibrationRows> OutOfScopeRows, Scaling Scaling, Sets PredictionSets,
        Abstention? Abstention, Detector? OutOfScope)
    {
        public static Stored Of(IntentCalibration c, string? states) => new(
            c.Origin.Made, new(c.Subject.BaseFingerprint, c.Subject.AdapterFingerprints, c.Subject.BaseFormat, c.Subject.Template,
                c.Origin.MergedFrom),
            [.. c.Subject.Options.Select(o => new Option(o.Label, o.Name))],
            c.Subject.NoneOption is { } none ? c.Subject.Options[none].Label : null, c.Subject.Prompt,
            c.Origin.Rows, c.Origin.ClassCounts, c.Origin.OutOfScope,
            new(c.Fit.Scaling.Temperature, c.Fit.Scaling.Offsets, c.Fit.Before, c.Fit.After, c.Fit.WithOffsets is { } trial
                ? new(trial.Temperature, trial.Offsets, trial.Classes) : null),
            new(c.Sets.Coverage, Finite(c.Sets.Quantile), c.Sets.Rows), c.Abstention,
            c.OutOfScope is { } d ? Detector.Of(d, states) : null);

        public IntentCalibration ToCalibration(string statesPath)
        {
            var labels = Options.Select(o => o.Label).ToList();
            int? none = NoneOption is null ? null : labels.IndexOf(NoneOption);
            if (none < 0) throw new JsonException($"none_option is \"{NoneOption}\", which is no option");
            if (Scaling.Offsets is { } offsets && offsets.Length != labels.Count)
                throw new JsonException($"there are {offsets.Length} offsets for {labels.Count} options");
            var subject = new CalibrationSubject(Model.BaseFingerprint, Model.AdapterFingerprints,
                [.. Options.Select(o => new IntentOption(o.Label, o.Name))], Prompt)
            { BaseFormat = Model.BaseFormat, Template = Model.Template, NoneOption = none };
            var fit = new ScalingFit(new(Scaling.Temperature, Scaling.Offsets), Scaling.LogLossBefore, Scaling.LogLossAfter,
                Scaling.CrossValidated is { } trial ? new(trial.Temperature, trial.Offsets, trial.Classes) : null);
            return new(subject, fit, new(PredictionSets.Coverage, PredictionSets.Quantile ?? double.PositiveInfinity, PredictionSets.Rows),
                Abstention, OutOfScope?.ToDetector(none, statesPath))
            {
                Origin = new(Rows, OutOfScopeRows, ClassCounts, Made) { MergedFrom = Model.MergedFrom },
            };
        }
    }

    static double? Finite(double value) => double.IsFinite(value) ? value : null;

    sealed record Model(string BaseFingerprint, IReadOnlyList<string> AdapterFingerprints, string? BaseFormat, string? Template,
        IReadOnlyList<string>? MergedFrom);

    sealed record Option(string Label, string Name);

    sealed record Scaling(double Temperature, double[]? Offsets, double LogLossBefore, double LogLossAfter, Trial? CrossValidated);

    sealed record Trial(double Temperature, double Offsets, IReadOnlyList<int> Classes);

    /// <param name="Quantile">Null: infinite, all options are in each set.</param>
    sealed record Sets(double Coverage, double? Quantile, int Rows);

    /// <param name="Threshold">Null: infinite, no question is out of scope.</param>
    /// <param name="States">The digest of intent_calibration.safetensors; null where the score needs none.</param>
    sealed record Detector(string Score, double? Threshold, double InScopeKept, string? States, IReadOnlyList<Candidate> Candidates)
    {
        public static Detector Of(OutOfScopeDetector d, string? states) => new(
            NameOf(d.Score.Kind), Finite(d.Threshold), d.InScopeKept, states,
            [.. d.Candidates.Select(c => new Candidate(NameOf(c.Kind), c.Separation.AreaUnderCurve, c.Separation.FalseShare,
                c.Separation.InScope, c.Separation.OutOfScope))]);

        public OutOfScopeDetector ToDetector(int? none, string statesPath) => new(
            CalibrationStates.Read(KindOf(Score), none, statesPath, States), Threshold ?? double.PositiveInfinity, InScopeKept,
            [.. Candidates.Select(c => new OutOfScopeCandidate(KindOf(c.Score), new(c.Auroc, c.FprAt95Tpr, c.InScope, c.OutOfScope)))]);

        static OutOfScopeKind KindOf(string name) => Enum.GetValues<OutOfScopeKind>().Where(k => NameOf(k) == name)
            .Cast<OutOfScopeKind?>().FirstOrDefault() ?? throw new JsonException($"there is no score \"{name}\"");
    }

    sealed record Candidate(string Score, double Auroc, double FprAt95Tpr, int InScope, int OutOfScope);

    /// <summary>The name that files and reports give a score, such as none_intent.</summary>
    public static string NameOf(OutOfScopeKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
}
