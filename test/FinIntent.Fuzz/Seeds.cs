using System.Text;
using FinIntent.Data.Rows;
using FinIntent.Data.Tables;

namespace FinIntent.Fuzz;

/// <summary>Gives the valid files: those of the repository, and small ones that are written here.</summary>
static class Seeds
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>What an earlier version of the program wrote, of every kind of record.</summary>
    public const string Records = "test/fixtures/upgrade/be23cd3";

    public static byte[] File(string path) => System.IO.File.ReadAllBytes(Path.Combine(Root, path));

    public static byte[] Record(string path) => File($"{Records}/{path}");

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Links the files of a folder into another, those left out that a name stands for.</summary>
    public static Action<string> Beside(string folder, params string[] without) => target =>
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Root, folder)))
            if (!without.Contains(Path.GetFileName(file)))
                Link(file, Path.Combine(target, Path.GetFileName(file)));
    };

    public static void Link(string file, string link) => System.IO.File.CreateSymbolicLink(link, Path.Combine(Root, file));

    /// <summary>Copies a record into a folder, under a name.</summary>
    public static Action<string> Copy(string record, string name) =>
        folder => System.IO.File.WriteAllBytes(Path.Combine(folder, name), Record(record));

    /// <summary>Rows of a text file as a Parquet file of this program.</summary>
    public static byte[] Parquet(string jsonLines)
    {
        List<SourceRow> rows = [.. JsonRows.Read(new MemoryStream(Text(jsonLines)), "rows")];
        TableColumn[] columns =
        [
            new("instruction", ColumnKind.Text), new("input", ColumnKind.Text), new("output", ColumnKind.Text),
            new("system", ColumnKind.Text), new("n", ColumnKind.Number), new("history", ColumnKind.Json),
        ];
        using var stream = new MemoryStream();
        using (var writer = TableWriter.Open(stream, ".parquet", columns, []))
        {
            foreach (var row in rows) writer.Write(row, []);
            writer.Finish();
        }
        return stream.ToArray();
    }

    static string FindRoot()
    {
        var folder = Environment.GetEnvironmentVariable("FININTENT_TEST_DATA") ?? AppContext.BaseDirectory;
        while (!System.IO.File.Exists(Path.Combine(folder, "FinIntent.slnx")) && !Directory.Exists(Path.Combine(folder, "test/fixtures")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("run it inside the repository");
        return folder;
    }
}
