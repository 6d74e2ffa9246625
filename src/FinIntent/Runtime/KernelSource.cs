using System.Collections.Concurrent;

namespace FinIntent.Runtime;

/// <summary>Reads the CUDA C files that are embedded in this assembly.</summary>
static class KernelSource
{
    const string Folder = "kernels/";

    static readonly ConcurrentDictionary<string, string> Texts = [];

    public static IEnumerable<string> Files => typeof(KernelSource).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(".cu", StringComparison.Ordinal))
        .Select(name => name[Folder.Length..]);

    /// <summary>Returns common.cu and then the file, for one storage type.</summary>
    public static string Of(string file, ScalarType type) =>
        $"#define STORAGE {KernelDevice.TypeIndex(type)}\n#line 1 \"common.cu\"\n{Read("common.cu")}\n#line 1 \"{file}\"\n{Read(file)}\n";

    static string Read(string file) => Texts.GetOrAdd(file, static name =>
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream(Folder + name)
            ?? throw new KernelException($"{name} is not embedded in this build");
        return new StreamReader(stream).ReadToEnd();
    });
}
