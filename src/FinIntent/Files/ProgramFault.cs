namespace FinIntent.Files;

/// <summary>Tells errors of an installation from errors of a file: a missing library is no fault of a file.</summary>
static class ProgramFault
{
    /// <summary>Says whether an exception, or one behind it, is that the runtime could not load a part of the program.</summary>
    public static bool Is(Exception? e) => e switch
    {
        null => false,
        TypeLoadException or BadImageFormatException or MissingMemberException or FileLoadException => true, // a missing DLL is one of them
        FileNotFoundException { FileName: { } name } when name.Contains(", Version=", StringComparison.Ordinal) => true,
        _ => Is(e.InnerException),
    };
}
