using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FinIntent.Files;

/// <summary>Passes on the events of a YAML text: no value inside itself, no endless depth, no copies of copies.</summary>
sealed class YamlGuard : IParser
{
    const int MostDepth = 64, MostNodes = 1_000_000;

    readonly Parser _parser;
    readonly string[] _lines;
    readonly string _place;
    readonly int _firstLine;
    readonly Stack<(AnchorName Anchor, long Before)> _open = [];
    readonly Dictionary<AnchorName, long> _sizes = [];
    long _nodes;

    /// <param name="place">The file, or what else messages begin with.</param>
    /// <param name="firstLine">The line of the file in which the text begins, counted from 1.</param>
    public YamlGuard(string text, string place, int firstLine)
    {
        (_parser, _place, _firstLine) = (new Parser(new StringReader(text)), place, firstLine);
        _lines = text.Split('\n');
    }

    public ParsingEvent? Current => _parser.Current;

    /// <summary>The last line that was understood, counted within the text.</summary>
    public long Line => Math.Max(1, _parser.Current?.End.Line ?? 1);

    public bool MoveNext()
    {
        if (!_parser.MoveNext()) return false;
        switch (_parser.Current)
        {
            case AnchorAlias alias:
                Repeat(alias);
                break;
            case YamlDotNet.Core.Events.Scalar scalar:
                Begin(scalar);
                if (!IsUnicode(scalar.Value)) throw Error(scalar.Start.Line, "a text has half of a surrogate pair, which is no character");
                End();
                break;
            case NodeEvent node:
                Begin(node);
                break;
            case MappingEnd or SequenceEnd:
                End();
                break;
        }
        return true;
    }

    /// <summary>Says what is wrong in a line of the text.</summary>
    public UserErrorException Error(long line, string message, Exception? inner = null) =>
        new($"{_place}:{Math.Clamp(line, 1, LastLine) + _firstLine - 1}: not valid YAML: {message}", inner);

    /// <summary>Says in this program's own words why YamlDotNet gave up.</summary>
    public UserErrorException Error(YamlException e)
    {
        var line = Math.Clamp(e.Start.Line, 1, LastLine);
        if (line < LastLine && IsIndentedByTab(_lines[line])) line++; // the line behind the last that was understood
        return Error(line, CauseOf(e, _lines[line - 1]), e);
    }

    int LastLine => Math.Max(1, _lines.Length - (_lines[^1].Length == 0 ? 1 : 0));

    void Begin(NodeEvent node)
    {
        if (_open.Count >= MostDepth) throw Error(node.Start.Line, $"lists and maps stand more than {MostDepth} deep in each other");
        _open.Push((node.Anchor, _nodes));
        Count(1, node);
    }

    void End()
    {
        var (anchor, before) = _open.Pop();
        if (!anchor.IsEmpty) _sizes[anchor] = _nodes - before;
    }

    void Repeat(AnchorAlias alias)
    {
        var (line, name) = (alias.Start.Line, alias.Value);
        if (_open.Any(open => open.Anchor == name)) throw Error(line, $"*{name} stands inside &{name} itself");
        if (!_sizes.TryGetValue(name, out var size)) throw Error(line, $"*{name} names no &{name} before it");
        Count(size, alias);
    }

    void Count(long nodes, ParsingEvent at)
    {
        _nodes += nodes;
        if (_nodes > MostNodes) throw Error(at.Start.Line, $"the values, with those repeated by *, are more than {MostNodes:N0}");
    }

    static string CauseOf(YamlException e, string line)
    {
        var value = line.AsSpan().Trim();
        if (IsIndentedByTab(line)) return "the line is indented with a tab; YAML takes blanks only";
        if (e.Message.StartsWith("Duplicate key", StringComparison.Ordinal))
            return $"the key {KeyOf(value)} stands twice; keep one of them";
        if (IsUnclosed(value)) return "a quote is opened and not closed";
        if (ValueOf(value) is [('@' or '`' or '%' or '&' or '*' or '!' or '|' or '>') and var sign, ..])
            return $"a value that begins with {sign} must stand in quotes";
        if (ValueOf(value).Contains(": ", StringComparison.Ordinal)) return "a value with a colon and a blank must stand in quotes";
        return value.Length == 0 ? "the text ends too early, or an indentation before it is wrong"
            : $"\"{TerminalText.Short(value.ToString())}\" does not fit here; look at its indentation, colon, quotes and brackets";
    }

    static string KeyOf(ReadOnlySpan<char> line) =>
        line.IndexOf(':') is > 0 and var colon ? $"\"{line[..colon].Trim('"')}\"" : "of this line";

    static string ValueOf(ReadOnlySpan<char> line) =>
        line.IndexOf(": ") is > 0 and var colon ? line[(colon + 2)..].Trim().ToString() : line.TrimStart("- ").ToString();

    static bool IsIndentedByTab(string line) => line.TakeWhile(char.IsWhiteSpace).Contains('\t') && !string.IsNullOrWhiteSpace(line);

    static bool IsUnclosed(ReadOnlySpan<char> line) => line.Count('"') % 2 == 1 || (line.Count('"') == 0 && line.Count('\'') % 2 == 1);

    static bool IsUnicode(string text)
    {
        foreach (var (i, c) in text.Index())
            if (char.IsSurrogate(c) && !(char.IsHighSurrogate(c) ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
                : i > 0 && char.IsHighSurrogate(text[i - 1]))) return false;
        return true;
    }
}
