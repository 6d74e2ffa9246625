namespace FinIntent.Files;

/// <summary>Reads the texts that the build puts into this assembly; their names are the project file's without "FinIntent.".</summary>
static class Resource
{
    /// <summary>Returns a whole text, with lines that end in \n whatever the checkout made of them.</summary>
    public static string Text(string name)
    {
        using var reader = new StreamReader(typeof(Resource).Assembly.GetManifestResourceStream($"FinIntent.{name}")!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>Returns the rows of a table whose fields stand between tabs; lines that begin with # are comments.</summary>
    public static IEnumerable<string[]> Rows(string name) =>
        Text(name).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#').Select(line => line.Split('\t'));
}
