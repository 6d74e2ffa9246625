namespace FinIntent.Fuzz;

/// <summary>Lists every reader of the program. A source file that reads and stands in no entry fails a test (FuzzTests).</summary>
static class Readers
{
    public static IReadOnlyList<FuzzedReader> All { get; } =
        [.. SettingsReaders.All, .. RowReaders.All, .. ModelReaders.All, .. RecordReaders.All, .. AnswerReaders.All, .. HubReaders.All];

    public static FuzzedReader Get(string name) => All.FirstOrDefault(reader => reader.Name == name)
        ?? throw new UserErrorException($"there is no reader \"{name}\"; --list prints them");
}
