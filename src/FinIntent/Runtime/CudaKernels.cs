namespace FinIntent.Runtime;

/// <summary>Runs kernels on the first CUDA device: NVRTC compiles them at first use, and torch's current stream runs them.</summary>
sealed unsafe class CudaKernels : KernelDevice
{
    /// <summary>When this variable is "off" or "0", plain operators run instead of kernels.</summary>
    public const string Variable = "FININTENT_KERNELS";

    readonly Nvrtc _compiler;
    readonly CudaDriver _driver;
    readonly string _target;
    readonly KernelCache _cache;
    readonly Dictionary<(string, ScalarType), nint> _modules = [];
    readonly delegate* unmanaged<int, nint*, int> _currentStream;

    CudaKernels(Action<string>? notice) : base(notice)
    {
        var links = NativeLibrary.Load(LibTorch.PathOf(LibTorch.Folder, "caffe2_nvrtc"));
        _compiler = new(Holding(links, "nvrtcVersion", "nvrtc64_*.dll"));
        _driver = new(Holding(links, "cuInit", "nvcuda.dll"), device: 0);
        _target = Nvrtc.Target(_compiler.Architectures, _driver.Architecture);
        _cache = KernelCache.OfUser();
        _currentStream = (delegate* unmanaged<int, nint*, int>)NativeLibrary.GetExport(
            NativeLibrary.Load(LibTorch.PathOf(LibTorch.Folder, "torch_cuda")), "aoti_torch_get_current_cuda_stream");
    }

    /// <summary>Returns null with a notice when the kernels cannot be had, and null without one when they are not wanted.</summary>
    public static KernelDevice? TryCreate(Action<string>? notice)
    {
        if (Environment.GetEnvironmentVariable(Variable) is "off" or "0") return null;
        try
        {
            return new CudaKernels(notice);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or KernelException)
        {
            notice?.Invoke($"note: plain operators run in place of CUDA kernels, which is slower: {e.Message}");
            return null;
        }
    }

    protected override nint Load(Kernel kernel, ScalarType type)
    {
        if (!_modules.TryGetValue((kernel.File, type), out var module))
            _modules.Add((kernel.File, type), module = LoadModule(kernel.File, type));
        return _driver.Function(module, kernel.Name);
    }

    protected override void Launch(nint function, LaunchShape shape, void** arguments)
    {
        nint stream;
        if (_currentStream(0, &stream) != 0) throw new KernelException("torch gives no CUDA stream");
        _driver.Launch(function, shape, stream, arguments);
    }

    nint LoadModule(string file, ScalarType type)
    {
        var source = KernelSource.Of(file, type);
        var key = KernelCache.Key(source, _target, _compiler.Version);
        return _driver.LoadModule(_cache.GetOrAdd(key, () => _compiler.Compile(source, file, _target)));
    }

    /// <summary>Returns the library that has the export; except on Windows, one library's search covers those it links.</summary>
    static nint Holding(nint links, string export, string windowsName)
    {
        if (NativeLibrary.TryGetExport(links, export, out _)) return links;
        var path = Directory.EnumerateFiles(LibTorch.Folder, windowsName).Order().FirstOrDefault() ?? windowsName;
        return NativeLibrary.Load(path);
    }
}
