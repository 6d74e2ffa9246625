using FinIntent.Data.Rows;
using FinIntent.Intents;

namespace FinIntent.Server.Load;

/// <summary>Gives as many different texts as a load wants: the given ones, then the same with an ending, then with a number too.</summary>
/// <remarks>`finintent classify` scores a text that it met only once, so its rate is measured with different ones, too.</remarks>
sealed class LoadTexts(IReadOnlyList<string> texts)
{
    const string ShippedName = "FinIntent.Server.Load.questions.json";

    static readonly string[] Tails = ["", "吗", "呢", "啊", "请问", "谢谢", "急", "在线等", "怎么办", "有人知道吗"];

    public string this[long index]
    {
        get
        {
            var (round, at) = Math.DivRem(index, texts.Count);
            var text = texts[(int)at] + Tails[round % Tails.Length];
            return round < Tails.Length ? text : text + (round / Tails.Length).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Returns the questions of data/intent_eval.json, which this program carries.</summary>
    public static LoadTexts Shipped()
    {
        using var stream = typeof(LoadTexts).Assembly.GetManifestResourceStream(ShippedName)!;
        var rows = JsonSerializer.Deserialize<JsonElement[]>(stream)!;
        return new([.. PromptQuestions.Of([.. rows.Select(row => row.GetProperty("instruction").GetString()!)]).Distinct()]);
    }

    /// <summary>Reads the texts of a table: its column text or question, or the questions of labelled prompts.</summary>
    /// <exception cref="UserErrorException">The table cannot be read, or has no text.</exception>
    public static LoadTexts Of(string path)
    {
        DataFile.Check(path);
        var first = DataFile.Read(path).FirstOrDefault();
        if (first.File is null) throw new UserErrorException($"{path}: the file has no rows");
        string[] texts = QuestionRow.FormOf(first) switch
        {
            QuestionForm.Text => Column("text"),
            QuestionForm.Question => Column("question"),
            _ => [.. QuestionFile.LoadLabelled(path, null).Select(row => row.Question)],
        };
        texts = [.. texts.Select(text => text.Trim()).Where(text => text.Length > 0).Distinct()];
        return texts.Length > 0 ? new(texts) : throw new UserErrorException($"{path}: no row has a text");

        string[] Column(string name) => [.. DataFile.Read(path).Select(row => row.Needed(name))];
    }
}
