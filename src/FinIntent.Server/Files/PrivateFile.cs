namespace FinIntent.Server.Files;

/// <summary>Files and folders that only the server's own user may read.</summary>
static class PrivateFile
{
    const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode FolderMode700 = FileMode600 | UnixFileMode.UserExecute;
    const int Block = 1 << 16;

    /// <summary>Makes a folder of mode 0700, and those above it as the system makes folders; one that is there stays as it is.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, FolderMode700);
    }

    /// <summary>Opens a file that no other process has open so, and makes it with mode 0600.</summary>
    /// <exception cref="IOException">Another one has it, or it cannot be opened.</exception>
    public static FileStream OpenAlone(string path) => Open(path, FileShare.None);

    /// <summary>Opens a file of lines to write behind the last one. It is made with mode 0600; one that is there gets that mode
    /// first.</summary>
    /// <exception cref="IOException">It is a link, or cannot be opened.</exception>
    public static FileStream OpenToAppend(string path)
    {
        if (new FileInfo(path).LinkTarget is { } target) throw new IOException($"{path} is a link to {target}, which is not followed");
        var file = Open(path, FileShare.Read | FileShare.Delete);
        try
        {
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file.SafeFileHandle) != FileMode600)
                File.SetUnixFileMode(file.SafeFileHandle, FileMode600);
            EndLastLine(file);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    static FileStream Open(string path, FileShare share)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = share,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = FileMode600;
        return new(path, options);
    }

    /// <summary>Goes behind the last line. One that a killed process left without its end is ended if it is whole JSON, else cut
    /// off.</summary>
    static void EndLastLine(FileStream file)
    {
        var start = StartOfLastLine(file);
        if (start < file.Length)
        {
            var line = new byte[file.Length - start];
            file.Position = start;
            file.ReadExactly(line);
            if (IsJson(line)) file.WriteByte((byte)'\n');
            else file.SetLength(start);
        }
        file.Position = file.Length;
    }

    /// <summary>Where the text behind the last line end begins: the file's length, where it ends in one.</summary>
    static long StartOfLastLine(FileStream file)
    {
        var block = new byte[Block];
        for (var end = file.Length; end > 0;)
        {
            var count = (int)Math.Min(Block, end);
            file.Position = end - count;
            file.ReadExactly(block, 0, count);
            var newline = block.AsSpan(0, count).LastIndexOf((byte)'\n');
            if (newline >= 0) return end - count + newline + 1;
            end -= count;
        }
        return 0;
    }

    static bool IsJson(byte[] line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
