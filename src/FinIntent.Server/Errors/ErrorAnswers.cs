using System.Net.Mime;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Server.Metrics;
using FinIntent.Server.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Errors;

/// <summary>Turns every exception of a request into an answer in the form of its route, in one place.</summary>
static partial class ErrorAnswers
{
    /// <summary>Says that the caller has gone, as nginx logs it.</summary>
    public const int ClientClosed = 499;

    public static void UseErrorAnswers(this IApplicationBuilder app, ServerMetrics metrics, ILogger log) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
                await Answer(Bare(context));
        }
        catch (Exception e) when (context.Response.HasStarted)
        {
            // The answer is half out; closing the connection is the one way left to say so.
            if (!context.RequestAborted.IsCancellationRequested) CutShort(log, e);
            context.Abort();
        }
        catch (Exception e)
        {
            var error = ErrorOf(e, context);
            if (error.Status == 500) Failed(log, e, context.TraceIdentifier);
            if (error.Status == ClientClosed) Leave(context);
            else await Answer(error);
        }

        Task Answer(ServerError error)
        {
            if (ReasonOf(error) is { } reason) metrics.Rejected(reason);
            return Write(context, error);
        }
    });

    /// <summary>Nobody reads an answer, and the rest of the body never comes.</summary>
    static void Leave(HttpContext context)
    {
        context.Response.StatusCode = ClientClosed;
        context.Abort();
    }

    /// <summary>Why a request was refused; null where it was wrong, or failed.</summary>
    static RejectionReason? ReasonOf(ServerError error) => error switch
    {
        { Status: 401 or 403 } => RejectionReason.Auth,
        { Status: 413 } or { Code: "too_many_tokens" or "too_many_texts" or "too_long" } => RejectionReason.TooLong,
        { Status: 504 } => RejectionReason.Deadline,
        { Status: 429, Code: "queue_full" } => RejectionReason.QueueFull,
        { Status: 429 } => RejectionReason.Rate,
        { Code: "draining" } => RejectionReason.Draining,
        _ => null,
    };

    /// <summary>Puts words to a status that a part of ASP.NET Core has set without any.</summary>
    static ServerError Bare(HttpContext context) => new(context.Response.StatusCode, context.Response.StatusCode switch
    {
        404 => $"there is no route {context.Request.Method} {Shown(context.Request.Path)}",
        405 => $"{Shown(context.Request.Path)} takes {context.Response.Headers.Allow}, and this was {context.Request.Method}",
        415 => $"the body is {Shown(context.Request.ContentType ?? "of no type")}; send it with Content-Type: application/json",
        401 => "a key is needed: Authorization: Bearer KEY",
        403 => "this key may not do that",
        var status => ReasonPhrases.GetReasonPhrase(status),
    });

    static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    /// <summary>Returns what a caller is told of an exception.</summary>
    public static ServerError ErrorOf(Exception e, HttpContext context) => e switch
    {
        ServerError error => error,
        DeadlineException => new(504, e.Message, "deadline_exceeded"),
        OperationCanceledException when context.RequestAborted.IsCancellationRequested => new(ClientClosed, "the caller has gone"),
        ConnectionResetException => new(ClientClosed, "the caller has gone"),
        BadHttpRequestException bad => new(bad.StatusCode, bad.Message, bad.StatusCode == 413 ? "too_large" : "bad_request"),
        OutOfDeviceMemoryException => new(503, e.Message, "out_of_memory") { RetryAfter = TimeSpan.FromSeconds(1) },
        UserErrorException { Message: OptionReading.NotFinite } => new(500, "the model's scores are no numbers; the server's log says " +
            $"what to do under {context.TraceIdentifier}", "model_error"),
        UserErrorException => ServerError.BadRequest(e.Message),
        ObjectDisposedException => new(503, "the server is stopping", "draining"),
        _ => new(500, $"the server failed; its log has the reason under {context.TraceIdentifier}", "internal_error"),
    };

    /// <summary>Writes an error as the answer of a request.</summary>
    public static Task Write(HttpContext context, ServerError error)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            response.Headers["retry-after-ms"] = Math.Max(1, (long)Math.Ceiling(wait.TotalMilliseconds))
                .ToString(CultureInfo.InvariantCulture);
        }
        if (error.Status == 401) response.Headers.WWWAuthenticate = "Bearer";
        response.ContentType = $"{MediaTypeNames.Application.Json}; charset=utf-8";
        var body = ErrorForm.Of(context).Body(error).ToJsonString(JsonFile.Line);
        return response.WriteAsync(body, CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "request {Id} failed")]
    static partial void Failed(ILogger log, Exception exception, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "an answer that had begun was cut short")]
    static partial void CutShort(ILogger log, Exception exception);
}
