using System.Text.Json;

namespace FinIntent.Files;

static class JsonFile
{
    /// <summary>Reads a file of this program.</summary>
    /// <exception cref="UserErrorException">As the other <see cref="Read(string)"/>, or the file is in a newer format.</exception>
    public static JsonDocument Read(string path, FormatVersion format)
    {
        var json = Read(path);
        format.Check(path, json.RootElement);
        return json;
    }

    /// <exception cref="UserErrorException">The file cannot be read or is not JSON: the message has file and line.</exception>
    public static JsonDocument Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}:{e.LineNumber + 1}: not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
