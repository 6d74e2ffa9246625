namespace FinIntent.Checkpoints;

/// <summary>Tells llama.cpp's format, which is not read here.</summary>
static class GgufFile
{
    const string Remedy = "use the folder with the 16-bit safetensors that it was made from";

    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    /// <summary>Returns what to say of a file that stands where a model's folder is expected, or of a folder without weights.</summary>
    /// <returns>Null where there is no GGUF file.</returns>
    public static string? Told(string path)
    {
        if (File.Exists(path)) return Is(path) ? $"this is a GGUF file, which is not read here; {Remedy}" : null;
        var file = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.gguf").Min(StringComparer.Ordinal) : null;
        return file is null ? null : $"{Path.GetFileName(file)} is a GGUF file, which is not read here; {Remedy}";
    }

    static bool Is(string path)
    {
        using var stream = Files.InputFile.Open(path);
        Span<byte> beginning = stackalloc byte[Magic.Length];
        return stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false) == Magic.Length && beginning.SequenceEqual(Magic);
    }
}
