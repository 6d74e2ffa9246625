using FinIntent.Cli;
using FinIntent.Cli.Commands;

Screen.Open();
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
    ServeCommand.Build(),
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
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null, // else a server is cut off 2 seconds after SIGTERM, whatever it still has to answer
    });
}
catch (Exception e)
{
    return ExitCodes.Tell(e, isShard: false, Console.Error);
}
