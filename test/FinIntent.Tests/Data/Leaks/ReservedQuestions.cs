using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Data.Leaks;

namespace FinIntent.Tests.Data.Leaks;

/// <summary>
/// Questions that may not be in the project, known only by hashes of their character bigrams. A piece of text is too like one when the
/// Jaccard similarity of the two sets of bigrams, over letters and digits in lower case, is 0.6 or more.
/// </summary>
sealed partial class ReservedQuestions
{
    const int ShortestPiece = 4, LongestPiece = 79, FewestBigrams = 3, DigitsOfHash = 10;

    readonly int[] _sizes;
    readonly Dictionary<string, List<int>> _questionsWith = [];
    readonly Dictionary<string, string> _hashes = [];

    ReservedQuestions(IReadOnlyList<string[]> questions)
    {
        _sizes = [.. questions.Select(hashes => hashes.Length)];
        foreach (var (i, hashes) in questions.Index())
            foreach (var hash in hashes)
                if (!_questionsWith.TryAdd(hash, [i])) _questionsWith[hash].Add(i);
    }

    /// <summary>Reads a JSON list that holds one list of hashes for each question.</summary>
    public static ReservedQuestions Load(string file) => new(JsonSerializer.Deserialize<string[][]>(File.ReadAllText(file))!);

    public static ReservedQuestions Of(params string[] questions)
    {
        var plain = new ReservedQuestions([]);
        return new([.. questions.Select(question => plain.HashesOf(question).ToArray())]);
    }

    /// <summary>Finds the pieces of a text that are too like a reserved question, each with its line, counted from 1.</summary>
    public IEnumerable<(int Line, string Piece)> In(string text)
    {
        HashSet<string> seen = [];
        foreach (var (i, line) in text.Split('\n').Index())
            foreach (var piece in PiecesOf(Unescaped(line)))
            {
                if (piece.Length is < ShortestPiece or > LongestPiece || !seen.Add(piece)) continue;
                if (IsTooLike(piece)) yield return (i + 1, piece);
            }
    }

    bool IsTooLike(string piece)
    {
        var hashes = HashesOf(piece);
        if (hashes.Count < FewestBigrams) return false;
        var shared = hashes.SelectMany(hash => _questionsWith.GetValueOrDefault(hash) ?? []).CountBy(question => question);
        return shared.Any(count => count.Value >= BigramIndex.Threshold * (hashes.Count + _sizes[count.Key] - count.Value));
    }

    HashSet<string> HashesOf(string text)
    {
        var plain = QuestionIndex.Plain(text);
        return [.. Enumerable.Range(0, Math.Max(0, plain.Length - 1)).Select(i => Hash(plain.Substring(i, 2)))];
    }

    string Hash(string bigram)
    {
        if (!_hashes.TryGetValue(bigram, out var hash))
            _hashes[bigram] = hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"fi:{bigram}")))[..DigitsOfHash];
        return hash;
    }

    /// <summary>
    /// Cuts a line where a string or a column ends. What is longer than a question is cut at its sentences and, a second time, at its
    /// clauses.
    /// </summary>
    static IEnumerable<string> PiecesOf(string line) => Ends().Split(line).SelectMany(piece =>
        piece.Length <= LongestPiece ? [piece] : Sentences().Split(piece).Concat(Clauses().Split(piece)));

    static string Unescaped(string line) =>
        Escape().Replace(line, escape => ((char)Convert.ToInt32(escape.Groups[1].Value, 16)).ToString());

    [GeneratedRegex("""["\r\t]|\\n|问句[:：]""")]
    private static partial Regex Ends();

    [GeneratedRegex("[。！？；!?;]")]
    private static partial Regex Sentences();

    [GeneratedRegex("[。！？；，、：!?;,:]")]
    private static partial Regex Clauses();

    [GeneratedRegex(@"\\u([0-9a-fA-F]{4})")]
    private static partial Regex Escape();
}
