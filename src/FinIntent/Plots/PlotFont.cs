using ScottPlot;
using SkiaSharp;

namespace FinIntent.Plots;

/// <summary>The font of every plot, kept in the program, because a fresh Linux machine has none and text would be missing.</summary>
/// <remarks>It has Latin, digits and the Chinese of intents and reports; plot-font.LICENSE.txt says where it is from.</remarks>
static class PlotFont
{
    const string Name = "FinIntent";

    static readonly Lock Gate = new();
    static SKTypeface? _font;

    /// <summary>Makes it ScottPlot's default; to be called before a plot is made.</summary>
    public static void Use()
    {
        lock (Gate)
        {
            if (_font is not null) return;
            using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream("FinIntent.Plots.plot-font.ttf")!;
            _font = SKTypeface.FromStream(stream);
            Fonts.FontResolvers.Insert(0, new Resolver(_font));
            Fonts.Default = Name;
        }
    }

    /// <summary>Whether it has every character of a text.</summary>
    public static bool CanWrite(string text)
    {
        Use();
        return _font!.ContainsGlyphs(text);
    }

    sealed class Resolver(SKTypeface font) : IFontResolver
    {
        // One weight serves all.
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? font : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
            fontName == Name ? font : null;
    }
}
