namespace FinIntent.Runtime;

/// <summary>Where libtorch and TorchSharp's bindings may lie, as builds, packages and `finintent setup` put them.</summary>
/// <param name="Program">The program's folder.</param>
/// <param name="NativeSearch">The runtime's own folders of native libraries, of the packages that a program brings.</param>
/// <param name="Setup">The folder that `finintent setup` fills.</param>
sealed record LibTorchFolders(string Program, IReadOnlyList<string> NativeSearch, string Setup)
{
    /// <summary>The version of libtorch that TorchSharp's bindings are made for and that is fetched.</summary>
    public const string Version = "2.10.0";

    /// <summary>The system as packages name it, such as linux-x64.</summary>
    public static string Rid { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture}"
            .ToLowerInvariant();

    /// <summary>This program's folder of the user's data: $XDG_DATA_HOME/finintent, or the system's place for such data.</summary>
    public static string Data { get; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
            is { Length: > 0 } place ? place : AppContext.BaseDirectory, "finintent"); // a user without a home has no such place

    /// <summary>The folders of this process.</summary>
    public static LibTorchFolders Here => new(AppContext.BaseDirectory,
        (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string)?
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [],
        Path.Combine(Data, $"libtorch-{Version}-{Rid}"));

    /// <summary>All folders, in the order in which they are looked at.</summary>
    public IEnumerable<string> All =>
    [
        Path.Combine(Program, "libtorch"), // builds of this repository
        Path.Combine(Program, "runtimes", Rid, "native"), // a package's natives in a portable program
        Program, // and in one that is published for a system
        .. NativeSearch,
        Setup,
    ];

    /// <summary>Returns the first folder that holds a library; null: none does, and all are noted as tried.</summary>
    public string? Find(string library, StringBuilder tried)
    {
        var folders = All.Select(Path.TrimEndingDirectorySeparator).Distinct().ToList();
        if (folders.Find(folder => File.Exists(LibTorch.PathOf(folder, library))) is { } found) return found;
        foreach (var folder in folders) tried.AppendLine($"  {LibTorch.PathOf(folder, library)}: no such file");
        return null;
    }

    /// <summary>Returns a folder whose libtorch TorchSharp would load besides the one of <paramref name="folder"/>; null: none.</summary>
    /// <remarks>TorchSharp asks the runtime for torch_cpu by its name, and the runtime looks into these folders first.</remarks>
    public string? Rival(string folder)
    {
        var taken = Library(folder);
        return NativeSearch.Prepend(Program).Select(Path.TrimEndingDirectorySeparator)
            .FirstOrDefault(other => Library(other) is { } found && found != taken);
    }

    static string? Library(string folder)
    {
        var path = LibTorch.PathOf(folder, "torch_cpu");
        if (!File.Exists(path)) return null;
        return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
    }
}
