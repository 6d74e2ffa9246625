using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Files;

/// <summary>The one reader of YAML. All that is wrong with a text is told in this program's own words, with file and line.</summary>
static class YamlFile
{
    /// <summary>Reads a file of one document.</summary>
    /// <returns>The document's value; null when the file holds nothing but comments.</returns>
    /// <exception cref="UserErrorException">The file cannot be read, is not YAML, or holds several documents.</exception>
    public static YamlNode? Read(string path) => Parse(TextFile.Read(path), path);

    /// <summary>Reads a file whose value is a map; an empty file is an empty map.</summary>
    /// <exception cref="UserErrorException">As <see cref="Read"/>, or the value is no map, or one of its keys is no word.</exception>
    public static YamlMappingNode ReadMap(string path) => Map(Read(path), path);

    /// <summary>Reads a text of one document.</summary>
    /// <param name="place">The file, or what else messages begin with.</param>
    /// <param name="firstLine">The line of the file in which the text begins, counted from 1.</param>
    public static YamlNode? Parse(string text, string place, int firstLine = 1)
    {
        var guard = new YamlGuard(text, place, firstLine);
        try
        {
            var stream = new YamlStream();
            stream.Load(guard);
            return stream.Documents.Count <= 1 ? stream.Documents.FirstOrDefault()?.RootNode
                : throw guard.Error(stream.Documents[1].RootNode.Start.Line, "a second document begins (---); one is read");
        }
        catch (YamlException e)
        {
            throw guard.Error(e);
        }
        catch (Exception e) when (e is not (UserErrorException or OutOfMemoryException) && !ProgramFault.Is(e))
        {
            // YamlDotNet's scanner gives up in this way, without a place, in a list or map that is not closed.
            throw guard.Error(guard.Line, "a bracket, brace or quote is opened and not closed", e);
        }
    }

    /// <summary>Returns a map; an empty one for nothing.</summary>
    public static YamlMappingNode Map(YamlNode? value, string place)
    {
        if (value is null or YamlScalarNode { Value: null or "" }) return [];
        if (value is not YamlMappingNode map) throw new UserErrorException($"{place}: expected lines of the form `key: value`");
        foreach (var key in map.Children.Keys)
            if (key is not YamlScalarNode)
                throw new UserErrorException($"{place}:{key.Start.Line}: a key must be a word, not a list or a map");
        return map;
    }
}
