using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CsvHelper;

namespace FinIntent.EmbeddedModel.Sources;

/// <summary>
/// Keeps questions that models are judged on out of what they are trained on. A text leaks when its character bigrams have a Jaccard
/// similarity of 0.6 or more with a reserved question's, with or without its signs, or when its SHA-256 is in a list of reserved ones.
/// </summary>
sealed partial class LeakFilter
{
    public const double Threshold = 0.6;

    readonly BigramIndex _verbatim = new();
    readonly BigramIndex _plain = new();
    readonly HashSet<string> _hashes = [];

    public int Dropped { get; private set; }

    public int ReservedQuestions { get; private set; }

    /// <summary>Files may be Alpaca rows or items with a "question" (.json, .jsonl), tables with that column (.csv), or hashes (.sha256).</summary>
    public static LeakFilter Load(IEnumerable<string> paths)
    {
        var filter = new LeakFilter();
        foreach (var path in paths)
        {
            if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file; --reserved names the questions to keep out");
            if (Path.GetExtension(path) == ".sha256") filter._hashes.UnionWith(File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            else foreach (var question in Questions(path)) filter.Reserve(question);
        }
        return filter;
    }

    public void Reserve(string question)
    {
        ReservedQuestions++;
        _verbatim.Add(question);
        _plain.Add(Plain(question));
    }

    /// <summary>Whether a text may be used; counts those that may not.</summary>
    public bool Allows(string text)
    {
        var plain = Plain(text);
        var leaks = (_hashes.Count > 0 && _hashes.Contains(Hash(plain)))
            || _plain.HighestSimilarity(plain) >= Threshold || _verbatim.HighestSimilarity(text) >= Threshold;
        if (leaks) Dropped++;
        return !leaks;
    }

    static IEnumerable<string> Questions(string path) => Path.GetExtension(path) switch
    {
        ".csv" => TableQuestions(path),
        ".tsv" => File.ReadLines(path).Select(line => line.Split('\t')[0]),
        _ => Intents.EvaluationQuestion.Load(path).Select(question => question.Question),
    };

    static List<string> TableQuestions(string path)
    {
        using var csv = CsvReader.FromFile(path, new() { Separator = ',' });
        List<string> questions = [];
        while (csv.Read()) questions.Add(csv.GetString("question"));
        return questions;
    }

    static string Plain(string text) => Signs().Replace(text, "").ToLowerInvariant();

    static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex(@"[\W_]+")]
    private static partial Regex Signs();
}
