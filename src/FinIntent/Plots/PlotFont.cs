using ScottPlot;
using SkiaSharp;

namespace FinIntent.Plots;

/// <summary>
/// The font of every plot, kept in the program: a fresh Linux machine has none, and text would be missing. Latin, digits and the Chinese
/// characters of intents and of reports (plot-font.LICENSE.txt says where it is from).
/// </summary>
static class PlotFont
{
    const string Name = "FinIntent";

    static readonly Lock Gate = new();
    static bool _isUsed;

    /// <summary>Makes it ScottPlot's default; to be called before a plot is made.</summary>
    public static void Use()
    {
        lock (Gate)
        {
            if (_isUsed) return;
            using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream("FinIntent.Plots.plot-font.ttf")!;
            Fonts.FontResolvers.Insert(0, new Resolver(SKTypeface.FromStream(stream)));
            Fonts.Default = Name;
            _isUsed = true;
        }
    }

    sealed class Resolver(SKTypeface font) : IFontResolver
    {
        // One weight serves all.
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? font : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => fontName == Name ? font : null;
    }
}
