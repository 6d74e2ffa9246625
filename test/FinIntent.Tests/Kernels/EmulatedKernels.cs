using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using FinIntent.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Kernels;

/// <summary>
/// The CUDA sources compiled by g++ and run on the CPU, launched with the arguments a GPU gets: what they compute and how they are called
/// is
/// tested where there is no GPU. What only a GPU shows: races between warps, memory alignment, the machine's own conversions and
/// approximations.
/// </summary>
sealed unsafe class EmulatedKernels : KernelDevice, IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly Dictionary<(string, ScalarType), nint> _libraries = [];
    readonly Lock _running = new();

    /// <summary>Every kernel that an operator of this project declares.</summary>
    public static IReadOnlyList<Kernel> All { get; } =
    [
        .. from type in typeof(Kernel).Assembly.GetTypes().Where(t => t.Namespace == "FinIntent.Kernels")
           from field in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
           from kernel in field.GetValue(null) switch { Kernel one => [one], Kernel[] many => many, _ => Array.Empty<Kernel>() }
           select kernel,
    ];

    public static bool IsPossible { get; } = OperatingSystem.IsLinux() && Run("g++", "--version") is null;

    protected override nint Load(Kernel kernel, ScalarType type)
    {
        if (!_libraries.TryGetValue((kernel.File, type), out var library)) _libraries.Add((kernel.File, type),
            library = Compile(kernel.File, type));
        return NativeLibrary.GetExport(library, $"run_{kernel.Name}");
    }

    protected override void Launch(nint function, LaunchShape shape, void** arguments)
    {
        lock (_running)
        {
            var code = ((delegate* unmanaged<int, int, int, int, void**, int>)function)((int)shape.X, shape.Y, shape.ThreadsX,
                shape.ThreadsY, arguments);
            if (code != 0) throw new KernelException("threads wait for one another for ever");
        }
    }

    nint Compile(string file, ScalarType type)
    {
        var name = $"{Path.GetFileNameWithoutExtension(file)}_{type}";
        string source = Path.Combine(_folder.Path, name + ".cpp"), library = Path.Combine(_folder.Path, name + ".so");
        var header = Path.Combine(Reference.Root, "test", "FinIntent.Tests", "Kernels", "emulated_cuda.h");
        var entries = string.Concat(All.Where(k => k.File == file).Select(k => $"ENTRY({k.Name})\n"));
        File.WriteAllText(source, $"#include \"{header}\"\n{KernelSource.Of(file, type)}\n{entries}");
        if (Run("g++", "-O1", "-U_FORTIFY_SOURCE", "-std=c++17", "-w", "-fPIC", "-shared", "-o", library, source)
            is { } problem) Assert.Fail(problem);
        return NativeLibrary.Load(library);
    }

    /// <summary>Null: it went well; else what it said.</summary>
    static string? Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true
            })!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            var said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : said;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }

    public void Dispose() => _folder.Dispose();
}
