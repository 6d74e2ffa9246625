using System.Buffers;
using System.Reflection;

namespace FinIntent.Text;

/// <summary>Computes Unicode's normalization form C (UAX 15).</summary>
/// <remarks>string.Normalize silently does nothing under InvariantGlobalization, which hosts need to start without ICU.</remarks>
sealed class NormalizationFormC
{
    const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28; // Hangul

    static readonly Lazy<NormalizationFormC> Tables = new(() => new());

    // What most texts are made of; U+2000 and U+2001 become other blanks.
    static readonly SearchValues<char> Certain = SearchValues.Create(
        [.. Enumerable.Range(0, 0x300).Concat(Enumerable.Range(0x2002, 0x6E)).Concat(Enumerable.Range(0x3000, 0x2A))
            .Concat(Enumerable.Range(0x4E00, 0x5200)).Concat(Enumerable.Range(0xFF00, 0xF0)).Select(c => (char)c)]);

    readonly Dictionary<int, int[]> _decomposition = [];
    readonly Dictionary<(int, int), int> _composition = [];
    readonly Dictionary<int, byte> _class = [];
    readonly HashSet<int> _uncertain = [.. Enumerable.Range(VBase, VCount), .. Enumerable.Range(TBase + 1, TCount - 1)];

    NormalizationFormC()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("FinIntent.Text.nfc.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#') continue;
            var fields = line[2..].Split(' ');
            var first = Hex(fields[0]);
            if (line[0] == 'c')
            {
                for (var cp = first; cp <= Hex(fields[1]); cp++) _class[cp] = byte.Parse(fields[2]);
                continue;
            }
            _decomposition[first] = [.. fields.Skip(1).Select(Hex)];
            _uncertain.Add(line[0] == '>' ? first : Hex(fields[2]));
            if (line[0] == '=') _composition[(Hex(fields[1]), Hex(fields[2]))] = first;
        }
        _uncertain.UnionWith(_class.Keys);
    }

    static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber);

    public static string Normalize(string text)
    {
        var start = text.AsSpan().IndexOfAnyExcept(Certain);
        if (start < 0) return text;
        var tables = Tables.Value;
        foreach (var rune in text.AsSpan(start).EnumerateRunes())
            if (tables._uncertain.Contains(rune.Value)) return tables.Compose(tables.Decompose(text));
        return text;
    }

    /// <summary>Decomposes fully and canonically; marks are in the order of their classes.</summary>
    List<int> Decompose(string text)
    {
        List<int> all = new(text.Length + 16);
        foreach (var rune in text.EnumerateRunes()) Decompose(rune.Value, all);
        for (var i = 1; i < all.Count; i++)
        {
            var (cp, order) = (all[i], Class(all[i]));
            if (order == 0) continue;
            var j = i;
            for (; j > 0 && Class(all[j - 1]) > order; j--) all[j] = all[j - 1];
            all[j] = cp;
        }
        return all;
    }

    void Decompose(int cp, List<int> all)
    {
        if (cp is >= SBase and < SBase + LCount * VCount * TCount)
        {
            var index = cp - SBase;
            all.Add(LBase + index / (VCount * TCount));
            all.Add(VBase + index % (VCount * TCount) / TCount);
            if (index % TCount != 0) all.Add(TBase + index % TCount);
        }
        else if (_decomposition.TryGetValue(cp, out var parts))
            foreach (var part in parts) Decompose(part, all);
        else all.Add(cp);
    }

    string Compose(List<int> all)
    {
        var count = 0;        // number of code points kept, at the front of the list
        var starter = -1;     // place of the last one of class 0
        var lastClass = 0;    // class of the last one kept after it
        foreach (var cp in all.ToArray())
        {
            var order = Class(cp);
            if (starter >= 0 && (lastClass < order || (lastClass == 0 && starter == count - 1)) && Pair(all[starter], cp) is { } composed)
            {
                all[starter] = composed;
                continue;
            }
            if (order == 0) starter = count;
            lastClass = order;
            all[count++] = cp;
        }
        var text = new StringBuilder(count);
        for (var i = 0; i < count; i++) text.Append(new Rune(all[i]).ToString());
        return text.ToString();
    }

    int? Pair(int first, int second)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
            return SBase + ((first - LBase) * VCount + second - VBase) * TCount;
        var isOpenSyllable = first is >= SBase and < SBase + LCount * VCount * TCount && (first - SBase) % TCount == 0;
        if (isOpenSyllable && second is > TBase and < TBase + TCount) return first + second - TBase;
        return _composition.TryGetValue((first, second), out var composed) ? composed : null;
    }

    int Class(int cp) => _class.TryGetValue(cp, out var value) ? value : 0;
}
