using System.Reflection;

namespace FinIntent.Runtime;

/// <summary>Loads libtorch before TorchSharp's first use; TorchSharp's own search then finds the libraries already loaded.</summary>
/// <remarks>The folder is FININTENT_LIBTORCH (a CUDA build, a PyTorch install's torch/lib), else the first of
/// <see cref="LibTorchFolders"/> that holds it.</remarks>
static class LibTorch
{
    public const string FolderVariable = "FININTENT_LIBTORCH";

    static readonly Lock Gate = new();
    static bool _loaded;

    /// <summary>The folder from which libtorch was loaded.</summary>
    public static string Folder { get; private set; } = "";

    /// <summary>The version of the libtorch that is loaded. Null: it does not say (before 2.9).</summary>
    public static unsafe Version? Version
    {
        get
        {
            if (!NativeLibrary.TryGetExport(CpuLibrary, "aoti_torch_abi_version", out var export)) return null;
            // As torch/headeronly/version.h packs it: a byte each for major, minor and patch, from the top.
            var packed = ((delegate* unmanaged<ulong>)export)();
            return new((int)(packed >> 56), (int)(packed >> 48 & 0xFF), (int)(packed >> 40 & 0xFF));
        }
    }

    /// <summary>True when the loaded libtorch has CUDA and there is a device.</summary>
    public static bool HasCuda { get; private set; }

    /// <summary>The handle of libtorch_cpu, for its C exports.</summary>
    internal static nint CpuLibrary { get; private set; }

    /// <exception cref="UserErrorException">libtorch cannot be loaded: the message lists what was tried and what to do.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_loaded) return;
            var tried = new StringBuilder();
            try
            {
                Load(tried);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or NotSupportedException or IOException
                or UnauthorizedAccessException or TypeInitializationException or EntryPointNotFoundException)
            {
                throw new UserErrorException($"libtorch cannot be loaded: {e.Message}\ntried:\n{tried}remedy: {Remedy()}", e);
            }
            _loaded = true;
        }
    }

    static void Load(StringBuilder tried)
    {
        NativeSettings.Apply();
        var folders = LibTorchFolders.Here;
        var named = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } path ? Path.GetFullPath(path) : null;
        Folder = named ?? folders.Find("torch_cpu", tried) ?? throw new DllNotFoundException("there is none in the folders below");
        if (!Directory.Exists(Folder))
        {
            tried.AppendLine($"  {Folder}: no such folder");
            throw new DllNotFoundException($"the folder {Folder} does not exist");
        }
        if (folders.Rival(Folder) is { } rival)
            throw new UserErrorException($"libtorch is to be taken from {Folder}, but this program brings another one in {rival}, and " +
                $"two in one process end it; remove the libtorch package from the program's project, or unset {FolderVariable}");

        // The order is that of dependence: each library finds those before it in the process, wherever its own search path points.
        var cuda = File.Exists(PathOf(Folder, "torch_cuda"));
        string[] names = cuda ? ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"] : ["c10", "torch_cpu", "torch"];
        foreach (var name in names)
        {
            var file = PathOf(Folder, name);
            tried.AppendLine($"  {file}");
            var library = NativeLibrary.Load(file);
            if (name == "torch_cpu") CpuLibrary = library;
        }

        var handle = LoadBindings(folders.Find("LibTorchSharp", tried) ?? Folder, tried);
        NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, (name, _, _) => name == "LibTorchSharp" ? handle : 0);

        torch.InitializeDeviceType(DeviceType.CPU);
        HasCuda = cuda && torch.TryInitializeDeviceType(DeviceType.CUDA);
    }

    static nint LoadBindings(string folder, StringBuilder tried)
    {
        var bindings = PathOf(folder, "LibTorchSharp");
        tried.AppendLine($"  {bindings}");
        if (NativeLibrary.TryLoad(bindings, out var handle)) return handle;
        bindings = LoosenedCopy(bindings);
        tried.AppendLine($"  {bindings}");
        return NativeLibrary.Load(bindings);
    }

    /// <summary>What helps depends on what was tried: a folder that was named, this program's own, or that of another program.</summary>
    static string Remedy()
    {
        const string Other = $"set {FolderVariable} to a folder that holds libtorch 2.10 or newer, such as a PyTorch install's torch/lib";
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 })
            return $"{Other}; or unset it, and the libtorch of this program or of `finintent setup` is taken";
        return Assembly.GetEntryAssembly()?.GetName().Name == "finintent"
            ? $"run `finintent setup`, which fetches it, or {Other}"
            : $"add libtorch to the program's project (`dotnet add package libtorch-cpu-{LibTorchFolders.Rid} " +
              $"--version {LibTorchFolders.Version}`), or {Other}";
    }

    /// <summary>Writes once, atomically, a copy of the bindings that older systems load: beside them, or in a folder of the user.</summary>
    /// <remarks>They need GLIBCXX_3.4.32 (newer than Debian 12's) for one symbol that nothing calls; the copy marks it weak.</remarks>
    static string LoosenedCopy(string bindings)
    {
        var bytes = File.ReadAllBytes(bindings);
        if (!OperatingSystem.IsLinux() || ElfSymbolVersion.MakeWeak(bytes, "GLIBCXX_3.4.32") == 0)
            NativeLibrary.Load(bindings); // the exception says why
        var name = $"libLibTorchSharp.{bytes.Length:x}.so";
        var temporaryFolder = Path.Combine(Path.GetTempPath(), $"finintent-{Environment.UserName}");
        // A folder libtorch/ is of our own builds; another may be a package manager's, whose files stay as they are.
        var beside = Path.GetDirectoryName(bindings)!;
        foreach (var folder in (string[])[Path.GetFileName(beside) == "libtorch" ? beside : LibTorchFolders.Data, temporaryFolder])
        {
            var target = Path.Combine(folder, name);
            try
            {
                if (File.Exists(target) && File.ReadAllBytes(target).AsSpan().SequenceEqual(bytes)) return target;
                Directory.CreateDirectory(folder);
                var temporary = target + "." + Environment.ProcessId;
                File.WriteAllBytes(temporary, bytes);
                File.Move(temporary, target, overwrite: true);
                return target;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The installation is read-only: try the next folder.
            }
        }
        throw new IOException($"no writable folder for a copy of {bindings}");
    }

    internal static string PathOf(string folder, string name) => Path.Combine(folder,
        OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so");
}
