using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using FinIntent.Files;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Wire;

/// <summary>Reads the JSON of a request: the one place that turns what may be wrong with it into words.</summary>
static class JsonBody
{
    /// <summary>Says in the OpenAPI document what a route reads with <see cref="ReadAsync"/>.</summary>
    public static RouteHandlerBuilder Reads<T>(this RouteHandlerBuilder route) where T : notnull => route.Accepts<T>("application/json");

    /// <exception cref="ServerError">400: it is no UTF-8, no JSON, or not what the route takes; the message names the place.</exception>
    /// <exception cref="BadHttpRequestException">413: it is too large.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type) where T : class
    {
        var reader = context.Request.BodyReader;
        ReadResult read;
        while (true)
        {
            read = await reader.ReadAsync(context.RequestAborted);
            if (read.IsCompleted) break;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        try
        {
            return Parse(read.Buffer, type);
        }
        finally
        {
            reader.AdvanceTo(read.Buffer.End);
        }
    }

    static T Parse<T>(ReadOnlySequence<byte> body, JsonTypeInfo<T> type) where T : class
    {
        if (body.IsEmpty) throw Wrong("the body is empty; send a JSON object");
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 32 });
            var value = JsonSerializer.Deserialize(ref reader, type) ?? throw Wrong("the body is null; send a JSON object");
            if (reader.Read()) throw Wrong("behind the body's JSON stands more");
            return value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw ProblemOf(e, body.ToArray(), type);
        }
    }

    /// <summary>Finds in words what is wrong; a library's message may name its own types, and is not shown.</summary>
    static ServerError ProblemOf(Exception e, byte[] body, JsonTypeInfo type)
    {
        if (!Utf8.IsValid(body)) return Wrong($"the body is no valid UTF-8: byte {TextFile.ValidLength(body) + 1}; encode it as UTF-8");
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(body, new() { AllowDuplicateProperties = false, MaxDepth = 32 });
        }
        catch (JsonException syntax)
        {
            return Wrong(Twice(syntax) ?? $"the body is no JSON: line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1}");
        }
        catch (InvalidOperationException)
        {
            return Wrong("a name in the body has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character");
        }
        using (json)
        {
            if (json.RootElement.ValueKind != JsonValueKind.Object) return Wrong("the body is no JSON object");
            return Names(json.RootElement, type) ?? (e is JsonException { Path: { Length: > 2 } path }
                ? Wrong($"{path[2..]} has a value that it cannot have{Reason(e)}", path[2..])
                    : Wrong($"a value of the body cannot be{Reason(e)}"));
        }
    }

    /// <summary>Our own converters tell what should stand there.</summary>
    static string Reason(Exception e) => e.Message.StartsWith("here stands ", StringComparison.Ordinal)
        ? $": {e.Message.Split(" Path: ")[0]}" : "";

    static string? Twice(JsonException e) =>
        e.Message.Contains("duplicate", StringComparison.OrdinalIgnoreCase) ? "the body has a name twice in one object" : null;

    static ServerError? Names(JsonElement body, JsonTypeInfo type)
    {
        var known = type.Properties.Select(p => p.Name).ToList();
        if (type.UnmappedMemberHandling == JsonUnmappedMemberHandling.Disallow)
            foreach (var field in body.EnumerateObject().Select(f => f.Name).Where(name => !known.Contains(name)))
                return Wrong($"\"{Shown(field)}\" is no field of this request; it has {string.Join(", ", known)}", Shown(field),
                    "unknown_field");
        foreach (var field in type.Properties.Where(p => p.IsRequired && !body.TryGetProperty(p.Name, out _)))
            return Wrong($"{field.Name} is missing", field.Name, "missing_field");
        return null;
    }

    static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";

    static ServerError Wrong(string message, string? param = null, string code = "invalid_json") =>
        ServerError.BadRequest(message, param, code);
}
