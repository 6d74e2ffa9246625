using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Files;

static class YamlFile
{
    /// <summary>Reads a stream of YAML documents.</summary>
    /// <exception cref="YamlException">The text is not YAML; its Start is the place.</exception>
    public static YamlStream Parse(TextReader reader)
    {
        var stream = new YamlStream();
        var parser = new Parser(reader);
        try
        {
            stream.Load(parser);
            return stream;
        }
        catch (InvalidOperationException e)
        {
            // YamlDotNet's scanner gives up in this way, without a place, in a list or map that is not closed.
            var place = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(place, place, "a bracket, brace or quote is opened and not closed", e);
        }
    }
}
