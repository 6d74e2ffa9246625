using FinIntent.Jobs.Setup;

namespace FinIntent.Cli.Commands;

static class SetupCommand
{
    public static Command Build()
    {
        var source = Options.Of<string?>("--source",
            "The address or folder of a NuGet source that has libtorch; without it those of NuGet.Config, as for `dotnet restore`.");
        var force = Options.Of<bool>("--force", "Fetch it although it is there.");
        var command = new Command("setup", "Fetch libtorch, which computes, once for this user (56 to 128 MB), and print its folder.")
            { source, force };
        command.SetAction(arguments =>
        {
            var console = arguments.InvocationConfiguration;
            var package = LibTorchPackage.Here;
            var feeds = NuGetFeeds.Of(arguments.GetValue(source), Directory.GetCurrentDirectory(), package);
            DownloadProgress.Show(console.Error, context =>
                LibTorchSetup.Run(package, LibTorchSetup.Folder, feeds, arguments.GetValue(force), context));
            LibTorchSetup.Prove(LibTorchSetup.Folder, console.Error.WriteLine);
            console.Output.WriteLine(LibTorchSetup.Folder);
        });
        return command;
    }
}
