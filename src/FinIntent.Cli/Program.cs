using FinIntent;
using FinIntent.Cli;
using FinIntent.Cli.Commands;

var root = new RootCommand("Fine-tune, export, run and evaluate open chat models for financial intent understanding.")
{
    InitCommand.Build(),
    CheckCommand.Build(),
    PlanCommand.Build(),
    TrainCommand.Build(),
    CalibrateCommand.Build(),
    ExportCommand.Build(),
    InferenceCommand.Build(),
    EvalCommand.Build(),
    ClassifyCommand.Build(),
    ExperimentCommand.Build(),
    ReportCommand.Build(),
    DemoCommand.Build(),
    BenchCommand.Build(),
    DataCommand.Build(),
    DownloadCommand.Build(),
    InspectCommand.Build(),
    SetupCommand.Build(),
    VersionCommand.Build(),
    SpokenLanguage.Option,
};

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (FinIntentException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"error: {e.Message} (reading or writing failed; look at the path, its permissions and the free space)");
    return 1;
}
catch (Exception e)
{
    Console.Error.WriteLine($"bug: {e}");
    return 2;
}
