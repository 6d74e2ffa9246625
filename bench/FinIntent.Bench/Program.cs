using System.CommandLine;
using FinIntent;
using FinIntent.Bench;
using FinIntent.Jobs;
using FinIntent.Jobs.Bench;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;

var root = new RootCommand("Measures parts of the engine for the people who work on it (docs/bench.md).")
{
    Layer(), Kernels(), Plan(), Calibration(), Classify(), Adapters(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (UserErrorException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}

static Command Layer()
{
    var rows = new Option<int>("--rows") { Description = "Rows in the batch.", DefaultValueFactory = _ => 64 };
    var length = new Option<int>("--length") { Description = "Tokens a row.", DefaultValueFactory = _ => 125 };
    var command = new Command("layer", "Each step of one layer of the Qwen2.5-7B shape.") { rows, length };
    command.SetAction(arguments =>
    {
        LibTorch.Load();
        new LayerBench(arguments.GetValue(rows), arguments.GetValue(length)).Run();
    });
    return command;
}

static Command Calibration()
{
    var output = new Option<string>("--output")
    {
        Description = "Folder for the adapters that are trained.",
        DefaultValueFactory = _ => Path.Combine("saves", "calibration"),
    };
    var command = new Command("calibration", "How far calibrated probabilities can be trusted, on our rows and on Fin-Eva's.") { output };
    command.SetAction(arguments =>
    {
        LibTorch.Load();
        var console = arguments.InvocationConfiguration;
        new CalibrationBench(".", arguments.GetValue(output)!, Surroundings.Here(console.Output, console.Error)).Run();
    });
    return command;
}

static Command Kernels()
{
    var tokens = new Option<int>("--tokens") { Description = "Rows of the matrices.", DefaultValueFactory = _ => 8192 };
    var command = new Command("kernels", "Each kernel at the Qwen2.5-7B shape, beside the plain operators it stands for.") { tokens };
    command.SetAction(arguments =>
    {
        LibTorch.Load();
        new KernelBench(arguments.GetValue(tokens)).Run();
    });
    return command;
}

static Command Plan()
{
    var file = new Argument<string>("file") { Description = "A settings file of `finintent train` that names a known model." };
    var length = new Argument<int>("tokens") { Description = "Tokens of the longest row." };
    var overrides = new Argument<string[]>("key=value")
    {
        Description = "Settings that replace the file's.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    var steps = new Option<int>("--steps") { Description = "Updates that are run.", DefaultValueFactory = _ => 3 };
    var command = new Command("plan", "What `finintent plan` predicts, beside a few updates with random weights.") { file, length,
        overrides, steps };
    command.SetAction(arguments =>
    {
        var settings = SettingsFile.Load(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
        LibTorch.Load();
        var console = arguments.InvocationConfiguration;
        var here = new Surroundings(console.Output, console.Error);
        new PlanMeasurement(settings, arguments.GetValue(length), Math.Max(2, arguments.GetValue(steps)), here).Run();
    });
    return command;
}

static Command Classify()
{
    var model = new Option<string>("--model") { Description = "A model's folder; with --shape its tokenizer's.", Required = true };
    var template = new Option<string>("--template") { Description = "The chat template.", DefaultValueFactory = _ => "qwen" };
    var shape = new Option<string?>("--shape") { Description = "Random weights of this shape in place of the model's." };
    var format = new Option<string>("--quantization") { Description = "none, fp8, int8 or nf4.", DefaultValueFactory = _ => "none" };
    var rows = new Option<int>("--rows") { Description = "Different texts.", DefaultValueFactory = _ => 1000 };
    var type = new Option<string?>("--type") { Description = "bf16, fp16 or fp32; the model's own where it is as fast." };
    var tokens = new Option<int?>("--tokens") { Description = "Tokens of a forward; as many as suit the device." };
    var questions = new Option<string>("--questions") { Description = "Labelled rows whose questions are varied.", Required = true };
    var command = new Command("classify", "Texts a second of `finintent classify`.")
    {
        model, template, shape, format, type, rows, questions, tokens,
    };
    command.SetAction(arguments =>
    {
        var device = Devices.Open(Console.Error.WriteLine);
        TorchSharp.torch.ScalarType? numbers = arguments.GetValue(type) is { } word ? BenchModel.KnownTypes[word] : null;
        var made = arguments.GetValue(shape) is not { } name ? null : new BenchModel(name, null,
            numbers ?? TorchSharp.torch.ScalarType.BFloat16, device, BenchModel.KnownFormats[arguments.GetRequiredValue(format)]);
        new ClassifyBench(arguments.GetRequiredValue(model), arguments.GetRequiredValue(template), made, numbers, device)
        {
            Tokens = arguments.GetValue(tokens),
        }.Run(arguments.GetRequiredValue(questions), arguments.GetValue(rows));
    });
    return command;
}

static Command Adapters()
{
    var shape = new Option<string>("--shape") { Description = "The model's shape.", DefaultValueFactory = _ => "qwen2.5-7b" };
    var folder = new Option<string?>("--model") { Description = "A model's folder in place of random weights of a shape." };
    var layers = new Option<int?>("--layers") { Description = "Layers; all that the shape has." };
    var type = new Option<string>("--type") { Description = "bf16, fp16 or fp32.", DefaultValueFactory = _ => "bf16" };
    var format = new Option<string>("--quantization") { Description = "none, fp8, int8 or nf4.", DefaultValueFactory = _ => "none" };
    var adapters = new Option<string>("--adapters") { Description = "Numbers of adapters.", DefaultValueFactory = _ => "0,1,8,64" };
    var rows = new Option<int>("--rows") { Description = "Questions of a forward.", DefaultValueFactory = _ => 64 };
    var length = new Option<int>("--length") { Description = "Tokens of a question.", DefaultValueFactory = _ => 120 };
    var rank = new Option<int>("--rank") { Description = "The adapters' rank.", DefaultValueFactory = _ => 8 };
    var shared = new Option<int>("--shared") { Description = "Tokens that all questions begin with.", DefaultValueFactory = _ => 0 };
    var command = new Command("adapters", "A forward whose questions use one adapter or many, with random weights.")
    {
        shape, folder, layers, type, format, adapters, rows, length, rank, shared,
    };
    command.SetAction(arguments =>
    {
        var device = Devices.Open(Console.Error.WriteLine);
        var model = new BenchModel(arguments.GetRequiredValue(shape), arguments.GetValue(layers),
            BenchModel.KnownTypes[arguments.GetRequiredValue(type)], device, BenchModel.KnownFormats[arguments.GetRequiredValue(format)]);
        var (name, create) = arguments.GetValue(folder) is { } named
            ? (named, () => PretrainedModel.Load(named, model.Type, device, model.Format))
            : (model.Shape, (Func<CausalLanguageModel>)(() => model.Create(isTrained: false)));
        new AdaptersBench(name, device, create)
        {
            Rows = arguments.GetValue(rows),
            Length = arguments.GetValue(length),
            Shared = arguments.GetValue(shared),
            Rank = arguments.GetValue(rank),
        }.Run([.. arguments.GetRequiredValue(adapters).Split(',').Select(int.Parse)]);
    });
    return command;
}
