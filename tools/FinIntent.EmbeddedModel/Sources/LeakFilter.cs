using System.Security.Cryptography;
using System.Text;
using FinIntent.Data.Leaks;

namespace FinIntent.EmbeddedModel.Sources;

/// <summary>
/// Keeps questions that models are judged on out of what they are trained on. A text leaks when its character bigrams have a Jaccard
/// similarity of 0.6 or more with a reserved question's, with or without its signs, or when its SHA-256 is in a list of reserved ones.
/// </summary>
sealed class LeakFilter
{
    readonly List<string> _questions = [];
    readonly HashSet<string> _hashes = [];
    QuestionIndex? _index;

    public int Dropped { get; private set; }

    public int ReservedQuestions => _questions.Count;

    /// <summary>
    /// Files may be Alpaca rows or items with a "question" (.json, .jsonl), tables with that column (.csv), or hashes (.sha256).
    /// </summary>
    public static LeakFilter Load(IEnumerable<string> paths)
    {
        var filter = new LeakFilter();
        foreach (var path in paths)
        {
            if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file; --reserved names the questions to keep out");
            if (Path.GetExtension(path) == ".sha256") filter._hashes.UnionWith(File.ReadAllText(path)
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            else foreach (var question in Questions(path)) filter.Reserve(question);
        }
        return filter;
    }

    public void Reserve(string question)
    {
        _questions.Add(question);
        _index = null;
    }

    /// <summary>Whether a text may be used; counts those that may not.</summary>
    public bool Allows(string text)
    {
        _index ??= new(_questions);
        var leaks = (_hashes.Count > 0 && _hashes.Contains(Hash(QuestionIndex.Plain(text)))) || _index.Find(text).Count > 0;
        if (leaks) Dropped++;
        return !leaks;
    }

    static IEnumerable<string> Questions(string path) => Path.GetExtension(path) == ".tsv"
        ? File.ReadLines(path).Select(line => line.Split('\t')[0])
        : LeakCheck.QuestionsOf(path).Select(question => question.Text);

    static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
