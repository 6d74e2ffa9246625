using FinIntent.Text;
using Spectre.Console;

namespace FinIntent.Cli.Commands;

/// <summary>Prints rows of tokens as text: green what is trained on, grey what is only read. Without colours, «» do it.</summary>
sealed class TokenView
{
    static readonly Style Trained = new(Color.Green), Read = new(Color.Grey), Replaced = new(Color.Yellow);

    readonly IAnsiConsole _console;
    readonly Tokenizer _tokenizer;
    readonly bool _hasColours;

    public TokenView(IAnsiConsole console, Tokenizer tokenizer)
    {
        _console = console;
        _tokenizer = tokenizer;
        _hasColours = console.Profile.Capabilities is { Ansi: true, ColorSystem: not ColorSystem.NoColors };
        if (!console.Profile.Out.IsTerminal) console.Profile.Width = 1_000_000; // a file is not wrapped
    }

    public void WriteLegend()
    {
        var legend = new Paragraph();
        Append(legend, "trained on", Trained);
        legend.Append("  ");
        Append(legend, "only read", Read);
        legend.Append("  ");
        Append(legend, "trained on, in place of the token behind it", Replaced);
        _console.Write(legend);
        _console.WriteLine();
    }

    public void WriteRow(string place, TokenRow row)
    {
        var trained = row.Labels.Count(label => label >= 0);
        _console.WriteLine();
        _console.Write(new Paragraph($"{place}: {row.InputIds.Length} tokens, {trained} trained on", new(decoration: Decoration.Bold)));
        _console.WriteLine();
        _console.Write(Render(row));
        _console.WriteLine();
    }

    Paragraph Render(TokenRow row)
    {
        var paragraph = new Paragraph();
        var stream = _tokenizer.Stream(skipSpecialTokens: false);
        var (text, style) = ("", Read);
        for (var t = 0; t < row.InputIds.Length; t++)
        {
            var (id, label) = (row.InputIds[t], row.Labels[t]);
            var next = label == id ? Trained : Read;
            if (next != style || (label >= 0 && label != id)) Flush();
            if (label >= 0 && label != id) Append(paragraph, _tokenizer.Decode([label], skipSpecialTokens: false), Replaced);
            style = next;
            text += stream.Append(id);
        }
        text += stream.Finish();
        Flush();
        return paragraph;

        void Flush()
        {
            Append(paragraph, text, style);
            text = "";
        }
    }

    void Append(Paragraph paragraph, string text, Style style)
    {
        if (text.Length == 0) return;
        text = text.Replace("\n", "↵\n");
        var marked = _hasColours || style == Read ? text : style == Trained ? $"«{text}»" : $"‹{text}›";
        paragraph.Append(marked, style);
    }
}
