using FinIntent.Calibration.OutOfScope;
using FinIntent.Checkpoints;
using FinIntent.Files;

namespace FinIntent.Calibration;

/// <summary>Keeps the numbers of a score that looks at hidden states: means, a factor of the covariance, or neighbours.</summary>
static class CalibrationStates
{
    const string Name = "intent_calibration.safetensors";
    const string Means = "means", OutMean = "out_of_scope_mean", Factor = "factor", Scalars = "scalars", Mean = "mean", Rows = "rows";

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <returns>The digest of the file; null where the score needs none, and then none is written.</returns>
    public static string? Write(string path, OutOfScopeScore score)
    {
        using var scope = NewDisposeScope();
        List<KeyValuePair<string, Tensor>> tensors = score switch
        {
            StateScore { Covariance: var c } s =>
            [
                new(Means, Matrix(s.Means)), new(Factor, Matrix(c.Factor)), new(Scalars, tensor([c.Shrinkage, c.Scale])),
                .. s.OutMean is { } mean ? [new(OutMean, tensor(mean))] : (KeyValuePair<string, Tensor>[])[],
            ],
            NeighbourScore n => [new(Mean, tensor(n.Mean)), new(Rows, Matrix(n.Rows)), new(Scalars, tensor([(double)n.Neighbour]))],
            _ => [],
        };
        if (tensors.Count == 0) return null;
        SafetensorsWriter.Write(path, tensors);
        return FileFingerprint.Of(path);
    }

    /// <summary>Reads a score; the file is opened only where the score needs it.</summary>
    /// <param name="fingerprint">The digest that intent_calibration.json names.</param>
    public static OutOfScopeScore Read(OutOfScopeKind kind, int? noneOption, string path, string? fingerprint)
    {
        switch (kind)
        {
            case OutOfScopeKind.Probability: return new ProbabilityScore();
            case OutOfScopeKind.Energy: return new EnergyScore();
            case OutOfScopeKind.NoneIntent:
                return new NoneIntentScore(noneOption ?? throw new JsonException("its score is none_intent, and it has no none_option"));
        }
        if (!File.Exists(path)) throw CalibrationFile.Damaged(path, "the file is not there");
        if (FileFingerprint.Of(path) is var found && found != fingerprint)
            throw CalibrationFile.Damaged(path, $"its digest is {found}, and {CalibrationFile.Name} names {fingerprint ?? "none"}");
        using var file = SafetensorsFile.Open(path);
        var scalars = Numbers(Scalars);
        if (kind == OutOfScopeKind.Neighbour) return new NeighbourScore((int)scalars[0], Numbers(Mean), Split(Rows));
        var outMean = kind == OutOfScopeKind.Discriminant ? Numbers(OutMean) : null;
        return new StateScore(new(scalars[0], scalars[1], Split(Factor)), Split(Means), outMean);

        double[] Numbers(string name)
        {
            if (!file.Tensors.TryGetValue(name, out var stored)) throw CalibrationFile.Damaged(path, $"it has no {name}");
            var values = new double[stored.Count];
            file.ReadChecked(name, 0, MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }

        double[][] Split(string name) => [.. Numbers(name).Chunk((int)file.Tensors[name].Shape[1])];
    }

    static Tensor Matrix(double[][] rows) => tensor(rows.SelectMany(row => row).ToArray(), rows.Length, rows[0].Length);
}
