namespace FinIntent.Runtime;

/// <summary>This is NVIDIA's compiler of CUDA C at run time, as it comes with libtorch. https://docs.nvidia.com/cuda/nvrtc</summary>
sealed unsafe class Nvrtc
{
    readonly delegate* unmanaged<int, byte*> _errorText;
    readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> _create;
    readonly delegate* unmanaged<nint, int, byte**, int> _compile;
    readonly delegate* unmanaged<nint*, int> _destroy;
    readonly nint _library;

    public Nvrtc(nint library)
    {
        _library = library;
        _errorText = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, "nvrtcGetErrorString");
        _create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)
            NativeLibrary.GetExport(library, "nvrtcCreateProgram");
        _compile = (delegate* unmanaged<nint, int, byte**, int>)NativeLibrary.GetExport(library, "nvrtcCompileProgram");
        _destroy = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "nvrtcDestroyProgram");

        int major, minor, count;
        Check(((delegate* unmanaged<int*, int*, int>)NativeLibrary.GetExport(library, "nvrtcVersion"))(&major, &minor), "its version");
        Version = $"nvrtc {major}.{minor}";
        Check(((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "nvrtcGetNumSupportedArchs"))(&count), "its architectures");
        var architectures = new int[count];
        fixed (int* first = architectures)
            Check(((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "nvrtcGetSupportedArchs"))(first), "its architectures");
        Architectures = architectures;
    }

    public string Version { get; }

    /// <summary>The compute capabilities in tens that it compiles for, such as 90 for 9.0.</summary>
    public IReadOnlyList<int> Architectures { get; }

    /// <summary>Returns what to compile for: a device's own machine code (sm_90).</summary>
    /// <remarks>For a device newer than the compiler it is the newest PTX, which the driver can translate for it (compute_90).</remarks>
    /// <exception cref="KernelException">The device is older than the compiler's oldest architecture.</exception>
    public static string Target(IReadOnlyList<int> architectures, int device)
    {
        if (architectures.Contains(device)) return $"sm_{device}";
        var older = architectures.Where(a => a < device).DefaultIfEmpty().Max();
        if (older != 0) return $"compute_{older}";
        throw new KernelException($"the GPU's architecture is sm_{device}, the compiler's oldest is sm_{architectures.Min()}");
    }

    /// <summary>Returns machine code for a target sm_…, and PTX for compute_….</summary>
    public byte[] Compile(string source, string name, string target)
    {
        nint program;
        fixed (byte* text = Utf8(source), file = Utf8(name)) Check(_create(&program, text, file, 0, null, null), name);
        try
        {
            fixed (byte* architecture = Utf8($"--gpu-architecture={target}"), standard = Utf8("--std=c++17"))
            {
                var options = stackalloc byte*[] { architecture, standard };
                var code = _compile(program, 2, options);
                if (code != 0) throw new KernelException($"{Version} does not compile {name} for {target}: {Text(code)}\n{Log(program)}");
            }
            return target.StartsWith("sm_", StringComparison.Ordinal) ? Get(program, "CUBIN") : Get(program, "PTX");
        }
        finally
        {
            _destroy(&program);
        }
    }

    string Log(nint program) => Encoding.UTF8.GetString(Get(program, "ProgramLog")).TrimEnd('\0', '\n');

    byte[] Get(nint program, string what)
    {
        nuint size;
        Check(((delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(_library, $"nvrtcGet{what}Size"))(program, &size), what);
        var bytes = new byte[size];
        fixed (byte* first = bytes)
            Check(((delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(_library, $"nvrtcGet{what}"))(program, first), what);
        return bytes;
    }

    void Check(int code, string doing)
    {
        if (code != 0) throw new KernelException($"NVRTC, {doing}: {Text(code)} ({code})");
    }

    string Text(int code) => Marshal.PtrToStringUTF8((nint)_errorText(code)) ?? "";

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
