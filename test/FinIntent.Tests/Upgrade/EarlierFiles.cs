using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Upgrade;

/// <summary>A copy of what a release left on a disk (test/fixtures/upgrade), and today's program in it.</summary>
sealed class EarlierFiles : IDisposable
{
    readonly TemporaryFolder _folder = new();

    /// <param name="release">A folder of test/fixtures/upgrade.</param>
    public EarlierFiles(string release)
    {
        Copy(Reference.Path($"fixtures/upgrade/{release}"), _folder.Path);
        Copy(Path.Combine(Reference.Root, "models/tiny/qwen2"), this["models/tiny/qwen2"]);
    }

    /// <summary>The path of a file in it.</summary>
    public string this[string name] => _folder[name];

    public string Text(string name) => File.ReadAllText(this[name]);

    public string[] Lines(string name) => File.ReadAllLines(this[name]);

    public void Replace(string name, string text, string by) => File.WriteAllText(this[name], Text(name).Replace(text, by));

    /// <summary>What the program prints on both channels.</summary>
    public string Run(params string[] arguments)
    {
        var (code, output) = RunAny(arguments);
        Assert.True(code == 0, $"exit code {code}: {output}");
        return output;
    }

    /// <summary>The message of a user's error.</summary>
    public string Refusal(params string[] arguments)
    {
        var (code, output) = RunAny(arguments);
        Assert.True(code == 1, $"exit code {code}: {output}");
        return output;
    }

    public (int Code, string Output) RunAny(params string[] arguments)
    {
        var start = ProgramProcess.Of(arguments);
        start.WorkingDirectory = _folder.Path;
        start.Environment["OMP_NUM_THREADS"] = "1"; // as make.py
        start.Environment["FININTENT_CACHE"] = this["cache"];
        start.Environment["HF_HUB_CACHE"] = this["hub"];
        start.Environment["HF_HUB_OFFLINE"] = "1";
        return ProgramProcess.Run(start);
    }

    static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public void Dispose() => _folder.Dispose();
}
