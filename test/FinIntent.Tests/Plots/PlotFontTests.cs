using FinIntent.Plots;
using ScottPlot;
using SkiaSharp;
using Xunit;

namespace FinIntent.Tests.Plots;

public sealed class PlotFontTests
{
    static bool HasGlyph(char c)
    {
        PlotFont.Use();
        return Fonts.GetTypeface(Fonts.Default, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal).ContainsGlyph(c);
    }

    [Fact]
    public void The_font_has_ASCII_and_the_words_of_intents_and_reports()
    {
        var ascii = Enumerable.Range(33, 94).Select(i => (char)i);
        var words = "行业板块问询个股大盘客服基金训练损失验证准确率混淆矩阵预测实际置信度平滑步数±×·–—…%，。：（）、";

        Assert.DoesNotContain(false, ascii.Concat(words).Select(HasGlyph));
    }

    [Fact]
    public void Text_is_drawn_without_any_font_of_the_system()
    {
        PlotFont.Use();
        Assert.Equal(Inked(""), Inked(" "));
        Assert.True(Inked("loss 损失") > Inked("") + 500);

        static int Inked(string title)
        {
            using var plot = new Plot();
            plot.HideGrid();
            plot.Layout.Frameless();
            plot.Add.Text(title, 0, 0).LabelFontSize = 30;
            using var image = SKBitmap.Decode(plot.GetImage(300, 100).GetImageBytes());
            return image.Pixels.Count(pixel => pixel.Red < 128);
        }
    }
}
