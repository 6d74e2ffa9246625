namespace FinIntent.Runtime;

/// <summary>This is the CUDA driver, for modules and launches in torch's context. https://docs.nvidia.com/cuda/cuda-driver-api</summary>
sealed unsafe class CudaDriver
{
    const int CapabilityMajor = 75, CapabilityMinor = 76;

    readonly delegate* unmanaged<int, byte**, int> _errorText;
    readonly delegate* unmanaged<nint, int> _setContext;
    readonly delegate* unmanaged<nint*, byte*, int> _loadModule;
    readonly delegate* unmanaged<nint*, nint, byte*, int> _getFunction;
    readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launch;
    readonly nint _context;

    [ThreadStatic] static nint _contextOfThread;

    public CudaDriver(nint library, int device)
    {
        _errorText = (delegate* unmanaged<int, byte**, int>)NativeLibrary.GetExport(library, "cuGetErrorString");
        _setContext = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuCtxSetCurrent");
        _loadModule = (delegate* unmanaged<nint*, byte*, int>)NativeLibrary.GetExport(library, "cuModuleLoadData");
        _getFunction = (delegate* unmanaged<nint*, nint, byte*, int>)NativeLibrary.GetExport(library, "cuModuleGetFunction");
        _launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)
            NativeLibrary.GetExport(library, "cuLaunchKernel");

        Check(((delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit"))(0), "cuInit");
        int ordinal, major, minor;
        Check(((delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(library, "cuDeviceGet"))(&ordinal, device), "cuDeviceGet");
        var attribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        Check(attribute(&major, CapabilityMajor, ordinal), "cuDeviceGetAttribute");
        Check(attribute(&minor, CapabilityMinor, ordinal), "cuDeviceGetAttribute");
        Architecture = 10 * major + minor;
        nint context; // torch uses this primary context, too; it is kept until the process ends
        Check(((delegate* unmanaged<nint*, int, int>)NativeLibrary.GetExport(library, "cuDevicePrimaryCtxRetain"))(&context, ordinal),
            "cuDevicePrimaryCtxRetain");
        _context = context;
    }

    /// <summary>The compute capability in tens, such as 90 for 9.0.</summary>
    public int Architecture { get; }

    /// <summary>Loads machine code, or PTX that ends with a zero byte.</summary>
    public nint LoadModule(byte[] code)
    {
        EnterContext();
        nint module;
        fixed (byte* image = code) Check(_loadModule(&module, image), "cuModuleLoadData");
        return module;
    }

    public nint Function(nint module, string name)
    {
        nint function;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            Check(_getFunction(&function, module, text), $"cuModuleGetFunction {name}");
        return function;
    }

    public void Launch(nint function, LaunchShape shape, nint stream, void** arguments)
    {
        EnterContext();
        var code = _launch(function, (uint)shape.X, (uint)shape.Y, 1, (uint)shape.ThreadsX, (uint)shape.ThreadsY, 1, 0, stream,
            arguments, null);
        if (code != 0) Check(code, $"cuLaunchKernel {shape}");
    }

    // A thread that has not yet called torch's CUDA side has no context.
    void EnterContext()
    {
        if (_contextOfThread == _context) return;
        Check(_setContext(_context), "cuCtxSetCurrent");
        _contextOfThread = _context;
    }

    void Check(int code, string doing)
    {
        if (code == 0) return;
        byte* text = null;
        _errorText(code, &text);
        throw new KernelException($"{doing}: {Marshal.PtrToStringUTF8((nint)text)} ({code})");
    }
}
