using FinIntent.Files;
using FinIntent.Jobs.Inspect;
using Spectre.Console;

namespace FinIntent.Cli.Commands;

/// <summary>Prints rows of tokens as text: green what is trained on, grey what is only read. Without colours, «» do it.</summary>
sealed class TokenView
{
    static readonly Style Trained = new(Color.Green), Read = new(Color.Grey), Replaced = new(Color.Yellow);

    readonly IAnsiConsole _console;
    readonly bool _hasColours;

    public TokenView(IAnsiConsole console)
    {
        _console = console;
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

    public void WriteRow(ShownRow row)
    {
        _console.WriteLine();
        var title = $"{Inert.Text(row.Place)}: {row.Tokens} tokens, {row.Trained} trained on";
        _console.Write(new Paragraph(title, new(decoration: Decoration.Bold)));
        _console.WriteLine();
        var paragraph = new Paragraph();
        foreach (var piece in row.Pieces) Append(paragraph, piece.Text, StyleOf(piece.Use));
        _console.Write(paragraph);
        _console.WriteLine();
    }

    static Style StyleOf(PieceUse use) => use switch
    {
        PieceUse.Trained => Trained,
        PieceUse.Replaced => Replaced,
        _ => Read,
    };

    void Append(Paragraph paragraph, string text, Style style)
    {
        if (text.Length == 0) return;
        text = Inert.Text(text).Replace("\n", "↵\n");
        var marked = _hasColours || style == Read ? text : style == Trained ? $"«{text}»" : $"‹{text}›";
        paragraph.Append(marked, style);
    }
}
