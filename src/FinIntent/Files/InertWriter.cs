namespace FinIntent.Files;

/// <summary>Writes to a console, and makes all text <see cref="Inert"/> on its way. Nothing that a program prints passes it by.</summary>
/// <param name="console">What shows the text. It is not closed.</param>
sealed class InertWriter(TextWriter console) : TextWriter(CultureInfo.InvariantCulture)
{
    readonly StringBuilder _inert = new();

    public override Encoding Encoding => console.Encoding;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> text)
    {
        if (Inert.IndexOfActive(text) < 0)
        {
            console.Write(text);
            return;
        }
        _inert.Clear();
        Inert.Append(_inert, text);
        console.Write(_inert);
    }

    public override void WriteLine() => console.WriteLine();

    public override void WriteLine(string? value)
    {
        Write(value.AsSpan());
        WriteLine();
    }

    public override void WriteLine(ReadOnlySpan<char> text)
    {
        Write(text);
        WriteLine();
    }

    public override void Flush() => console.Flush();
}
