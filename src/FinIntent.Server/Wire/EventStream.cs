using System.Net.ServerSentEvents;
using System.Text.Json.Serialization.Metadata;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FinIntent.Server.Wire;

/// <summary>Sends an answer while it is made. An error that comes when the answer has begun is its last piece.</summary>
static class EventStream
{
    public const string Done = "[DONE]";

    /// <summary>Sends JSON texts as server-sent events, and [DONE] behind them.</summary>
    public static Task WriteEventsAsync(HttpContext context, IAsyncEnumerable<string> events)
    {
        context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx passes each event on at once
        return TypedResults.ServerSentEvents(Items()).ExecuteAsync(context);

        async IAsyncEnumerable<SseItem<string>> Items()
        {
            await foreach (var (text, isError) in Guarded(context, events))
            {
                yield return new(text);
                if (isError) yield break;
            }
            yield return new(Done);
        }
    }

    /// <summary>Sends JSON texts, one a line.</summary>
    public static async Task WriteLinesAsync(HttpContext context, IAsyncEnumerable<string> lines)
    {
        var response = context.Response;
        response.ContentType = "application/x-ndjson";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.CacheControl = "no-cache";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await foreach (var (text, _) in Guarded(context, lines))
        {
            await response.WriteAsync(text + "\n", context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Sends a whole answer.</summary>
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        TypedResults.Json(value, type).ExecuteAsync(context);

    static async IAsyncEnumerable<(string Text, bool IsError)> Guarded(HttpContext context, IAsyncEnumerable<string> pieces)
    {
        await using var piece = pieces.GetAsyncEnumerator(context.RequestAborted);
        while (true)
        {
            ServerError? error = null;
            try
            {
                if (!await piece.MoveNextAsync()) yield break;
            }
            catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
            {
                error = ErrorAnswers.ErrorOf(e, context);
            }
            if (error is null) yield return (piece.Current, false);
            else
            {
                yield return (ErrorForm.Of(context).Body(error).ToJsonString(FinIntent.Files.JsonFile.Line), true);
                yield break;
            }
        }
    }
}
