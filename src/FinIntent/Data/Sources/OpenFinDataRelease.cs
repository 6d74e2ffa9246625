using System.IO.Compression;
using FinIntent.Data.Rows;
using FinIntent.Files;
using FinIntent.Hub;
using FinIntent.Intents;

namespace FinIntent.Data.Sources;

/// <summary>Makes evaluation rows of the intent questions in OpenFinData's official release, a zip.</summary>
/// <param name="Questions">The number of questions that there must be; null means any.</param>
sealed record OpenFinDataRelease(WebFile Zip, int? Questions)
{
    const string File = "intent_understanding.json", ZipName = "openfindata_release.zip";

    // OpenCompass lists this MD5.
    public static OpenFinDataRelease Official { get; } = new(
        new(new("https://github.com/open-compass/OpenFinData/releases/download/release/openfindata_release.zip"),
            new(DigestKind.Md5, "8b2f4e20846dd5f65da8b4d53301dcbf")), 75);

    /// <summary>Writes the rows, with the notice that keeps them from being trained on, and beside them the official file.</summary>
    /// <param name="zip">A zip of this machine; null means that it is fetched.</param>
    /// <returns>The number of questions, and the official file.</returns>
    public (int Count, string Source) Pull(string? zip, string output, HubSettings settings, HubContext context)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        var source = Path.Combine(folder, File);
        if (Path.GetFullPath(output) == source)
            throw new UserErrorException(
                $"--output {output}: the official file has this name and stands beside the rows; give them another");
        var archive = zip ?? Path.Combine(folder, ZipName);
        if (zip is not null && !System.IO.File.Exists(zip)) throw new UserErrorException($"--input {zip}: no such file");
        var fetches = zip is null && !(System.IO.File.Exists(archive) && Problem(archive) is null);
        if (fetches && System.IO.File.Exists(archive))
            throw new UserErrorException(
                $"{archive} is there and is another file than the release; move it away, or give it as --input with its own --md5");
        if (fetches) Zip.Fetch(archive, settings, context);
        if (Problem(archive) is { } problem) throw new UserErrorException($"{archive}: {problem}");

        EvaluationNotice.Write(source);
        Unpack(archive, source);
        var questions = OpenFinData.Read(source);
        if (Questions is { } wanted && wanted != questions.Count)
            throw new UserErrorException(
                $"{archive}: {File} has {questions.Count} questions, and {wanted} are right; it is another release");
        EvaluationNotice.Write(output);
        AlpacaFile.Write(output, questions);
        if (fetches) System.IO.File.Delete(archive);
        return (questions.Count, source);
    }

    string? Problem(string archive)
    {
        if (Zip.Size is { } size && new FileInfo(archive).Length != size)
            return $"it has {new FileInfo(archive).Length:N0} bytes, and the release has {size:N0}; fetch it again, or leave out --input";
        var found = FileDigest.Compute(Zip.Digest.Kind, archive);
        return found == Zip.Digest.Hex ? null
            : $"its MD5 is {found}, and the release's is {Zip.Digest.Hex}; " +
            "fetch it again, or leave out --input (--md5 names another release)";
    }

    static void Unpack(string archive, string target)
    {
        try
        {
            using var zip = ZipFile.OpenRead(archive);
            var entries = zip.Entries.Where(entry => entry.Name == File).ToList();
            if (entries.Count != 1)
                throw new UserErrorException($"{archive}: {entries.Count} files in it are called {File}, and one is needed");
            using var content = entries[0].Open();
            AtomicFile.Write(target, stream => content.CopyTo(stream));
        }
        catch (InvalidDataException e)
        {
            throw new UserErrorException($"{archive}: it is no zip file, or a damaged one; fetch it again", e);
        }
    }
}
