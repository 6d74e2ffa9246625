using FinIntent.Files;

namespace FinIntent.Server.Load;

/// <summary>Finds the key of the server that is measured, which never stands on a command line, where other users could read it.</summary>
static class LoadKey
{
    /// <summary>Returns the key of an environment variable, or the first line of a file with text; null where neither is named.</summary>
    /// <exception cref="UserErrorException">What is named has no key.</exception>
    public static string? Of(string? variable, string? file)
    {
        if (variable is not null && file is not null)
            throw new UserErrorException("--api-key-env and --api-key-file both name a key; give one of them");
        if (variable is not null)
            return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? Checked(value, variable)
                : throw new UserErrorException($"--api-key-env: the variable {variable} is empty or not set");
        if (file is null) return null;
        if (!File.Exists(file)) throw new UserErrorException($"--api-key-file: {file}: no such file");
        return TextFile.Lines(file).Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && line[0] != '#') is { } first
            ? Checked(first, file) : throw new UserErrorException($"--api-key-file: {file} has no key");
    }

    static string Checked(string key, string place) => key.All(c => c is > ' ' and < '\x7f') ? key
        : throw new UserErrorException($"{place}: the key has characters that no HTTP header can carry");
}
