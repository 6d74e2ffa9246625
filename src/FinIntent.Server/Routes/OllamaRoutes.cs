using FinIntent.Generation;
using FinIntent.Server.Chat;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using FinIntent.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>The routes of Ollama that its clients need to chat: /api/chat, /api/tags, /api/show and /api/version.</summary>
static class OllamaRoutes
{
    public static void MapOllama(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/", ["GET", "HEAD"], () => "FinIntent is running").ExcludeFromDescription(); // by which clients look for Ollama
        var api = app.MapGroup("/api").WithMetadata(ErrorForm.Ollama).WithTags("Ollama");
        api.MapPost("/chat", Chat).Reads<OllamaChatRequestWire>().WithName("ollamaChat").Produces<OllamaChatResponseWire>()
            .WithSummary("Answer a conversation, in Ollama's form")
            .WithDescription("By default the answer comes as a JSON object a line (application/x-ndjson); with stream false as one.");
        api.MapPost("/show", Show).Reads<OllamaShowRequestWire>().WithName("ollamaShow").Produces<OllamaShowWire>()
            .WithSummary("Tell of a model, in Ollama's form");
        api.MapGet("/tags", Tags).WithName("ollamaTags").WithSummary("List the model and its adapters, in Ollama's form");
        api.MapGet("/version", () => TypedResults.Ok(new OllamaVersionWire(OllamaModels.ServerVersion))).WithName("ollamaVersion")
            .WithSummary("Tell the server's version");
    }

    static Ok<OllamaModelsWire> Tags(HostSlot slot) =>
        TypedResults.Ok(new OllamaModelsWire([.. slot.Required.Models.All.Select(v => OllamaModels.Of(v, slot.Required))]));

    static async Task<Ok<OllamaShowWire>> Show(HttpContext context, HostSlot slot)
    {
        var request = await JsonBody.ReadAsync(context, OllamaJson.Default.OllamaShowRequestWire);
        var name = request.Model ?? request.Name ?? throw ServerError.BadRequest("model is missing", "model", "missing_field");
        using var lease = slot.Required.Models.Take(OllamaModels.NameOf(name));
        return TypedResults.Ok(OllamaModels.Show(lease.Version, slot.Required));
    }

    static async Task Chat(HttpContext context, HostSlot slot)
    {
        var start = Stopwatch.GetTimestamp();
        var request = await JsonBody.ReadAsync(context, OllamaJson.Default.OllamaChatRequestWire);
        var settings = AnswerSettings.Of(request);
        var choices = ChoicesOf(request.Format);
        var conversation = request.Messages is { Count: > 0 } messages ? ChatConversations.Of(messages) : null;
        using var place = new ModelPlace(
            slot.Required, OllamaModels.NameOf(request.Model), 1, null, RequestRecord.Of(context), context.RequestAborted);
        var reply = new OllamaReply(place.Chat.Tokenizer, request.Model ?? place.Version.Name, start);
        if (conversation is null) await EventStream.WriteAsync(context, reply.Loaded(), PlainJson.Ollama.OllamaChatResponseWire);
        else if (choices is null) await Write(context, place, conversation, settings, reply);
        else
        {
            var (answer, promptTokens) = await place.ChooseAsync(conversation, choices);
            AnswerPiece best = new(choices[answer.Best], settings.Options.TopLogProbabilities is null ? [] : answer.TokensOf(answer.Best));
            var last = reply.Last(AnswerEnd.Stop, promptTokens, answer.Ids[answer.Best].Length) with
            {
                Finintent = TokenWires.Of(choices, answer),
            };
            await Send(context, settings, reply, AsyncEnumerable.Repeat(best, 1), () => last);
        }
    }

    static async Task Write(
        HttpContext context, ModelPlace place, Conversation conversation, AnswerSettings settings, OllamaReply reply)
    {
        await using var answer = place.Begin(conversation, settings.Options, settings.Seed);
        var first = await answer.NextAsync();
        await Send(context, settings, reply, answer.PiecesAsync(first),
            () => reply.Last(answer.End, answer.PromptTokens, answer.Tokens, answer.First, answer.Total));
    }

    static async Task Send(HttpContext context, AnswerSettings settings, OllamaReply reply, IAsyncEnumerable<AnswerPiece> pieces,
        Func<OllamaChatResponseWire> last)
    {
        if (settings.IsStreamed) await EventStream.WriteLinesAsync(context, reply.LinesAsync(pieces, last));
        else await EventStream.WriteAsync(context, await reply.WholeAsync(pieces, last), PlainJson.Ollama.OllamaChatResponseWire);
    }

    static IReadOnlyList<string>? ChoicesOf(JsonElement? format) => format switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text when text.ValueEquals("") => null,
        { ValueKind: JsonValueKind.Object } schema => ChoiceFormats.OfSchema(schema, "format"),
        _ => throw UnsupportedFields.Refused("format", "give a JSON schema that is an enum, or leave it out and ask for JSON in words"),
    };
}
