using FinIntent.Jobs.Bench;

namespace FinIntent.Cli;

/// <summary>The options that the verbs of `finintent bench` share: the model that is measured, and where results are written.</summary>
sealed class BenchOptions
{
    readonly Option<string> _shape;
    readonly Option<int?> _layers = Options.Of<int?>("--layers", "Fewer layers than the shape has, for a quick look.");
    readonly Option<string> _type = Options.Among("--type", "Type of the weights and of the computation.",
        BenchModel.KnownTypes.Keys, "bf16");
    readonly Option<string> _quantization =
        Options.Among("--quantization", "How the layers' weights are kept: none is as --type says.", BenchModel.KnownFormats.Keys, "none");
    readonly Option<string> _json = Options.Of<string>("--json", "Also write the numbers to this file.");
    readonly Option<string> _rows = Options.Of<string>("--rows-file",
        "Write the rows used to this file, for another program to use the same.");

    /// <param name="writesRows">Whether the verb measures rows, which it can write to a file together with its numbers.</param>
    /// <param name="shape">The shape that is measured where none is named; null: none is.</param>
    public BenchOptions(Command command, bool writesRows, string? shape = "qwen2.5-0.5b")
    {
        _shape = Options.Among("--shape", "Whose shape the random weights have.", BenchModel.KnownShapes, shape);
        foreach (var option in (Option[])[_shape, _layers, _type, _quantization]) command.Add(option);
        if (!writesRows) return;
        command.Add(_json);
        command.Add(_rows);
    }

    public bool HasShape(ParseResult arguments) => arguments.GetValue(_shape) is not null;

    public BenchModel Model(ParseResult arguments) => new(arguments.GetRequiredValue(_shape), AtLeastOne(arguments, _layers),
        BenchModel.KnownTypes[arguments.GetRequiredValue(_type)], Host.Of(arguments).Device.Value,
        BenchModel.KnownFormats[arguments.GetRequiredValue(_quantization)]);

    public string? RowsFile(ParseResult arguments) => arguments.GetValue(_rows);

    public void Write(ParseResult arguments, BenchModel shape, IReadOnlyList<BenchLine> lines)
    {
        var result = new BenchResult(shape, MachineRate.Measure(shape), lines);
        BenchText.Write(arguments.InvocationConfiguration.Output, result);
        if (arguments.GetValue(_json) is { } path) result.WriteJson(path);
    }

    public static int AtLeastOne(ParseResult arguments, Option<int> option) => Checked(arguments.GetValue(option), option);

    public static int? AtLeastOne(ParseResult arguments, Option<int?> option) =>
        arguments.GetValue(option) is { } value ? Checked(value, option) : null;

    static int Checked(int value, Option option) =>
        value >= 1 ? value : throw new UserErrorException($"{option.Name} is {value}; it must be at least 1");
}
