using System.Reflection;

namespace FinIntent.Files;

/// <summary>The version of this program, as the build wrote it into the assembly.</summary>
static class ProgramVersion
{
    /// <summary>The version, and after a plus sign the commit where the build knew it, as in 0.2.0+be23cd39….</summary>
    public static string Full { get; } = Of(typeof(ProgramVersion))!;

    /// <summary>The version alone, as in 0.2.0 (semver.org).</summary>
    public static string Number => Full.Split('+')[0];

    /// <summary>The commit of the source, 40 hexadecimal digits. Null: the source was not built from a git checkout.</summary>
    public static string? Commit => Full.Split('+') is [_, var commit] ? commit : null;

    /// <summary>The version of the assembly that a type is in; null: it tells none.</summary>
    public static string? Of(Type type) => type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
}
