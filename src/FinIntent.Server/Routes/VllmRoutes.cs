using FinIntent.Server.Chat;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>POST /classify, as vLLM has it.</summary>
static class VllmRoutes
{
    public static void MapVllm(this IEndpointRouteBuilder app) =>
        app.MapPost("/classify", Classify).Reads<VllmClassifyRequestWire>().WithName("classify").WithTags("vLLM")
            .WithSummary("Tell the intents of texts, in vLLM's form")
            .WithDescription("The labels are the intents' names. /v1/intent/classify tells more: calibrated answers that may be withheld.");

    static async Task<Ok<VllmClassifyResponseWire>> Classify(HttpContext context, HostSlot slot)
    {
        var request = await JsonBody.ReadAsync(context, OpenAIJson.Default.VllmClassifyRequestWire);
        UnsupportedFields.Check(request.Others);
        var classified = await slot.Required.ClassifyAsync(new(TextsOf(request)) { Model = request.Model },
            RequestRecord.Of(context), context.RequestAborted);
        return TypedResults.Ok(new VllmClassifyResponseWire
        {
            Id = $"classify-{Guid.NewGuid():N}",
            Created = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
            Model = string.IsNullOrEmpty(request.Model) ? classified.Version.Name : request.Model,
            Data = [.. classified.Texts.Select((text, i) =>
                new VllmClassifiedWire(i, text.Best.Name, text.Answer.Probabilities, text.Options.Count))],
            Usage = UsageWire.Of(classified.Tokens, 0),
        });
    }

    static IReadOnlyList<AskedText> TextsOf(VllmClassifyRequestWire request)
    {
        if (request is { Input: not null, Messages: not null })
            throw ServerError.BadRequest("input and messages are both given; give one", "input");
        if (request.Input is { } input) return [.. input.Texts.Select(text => new AskedText(text))];
        if (request.Messages is null) throw ServerError.BadRequest("input is missing", "input", "missing_field");
        var conversation = ChatConversations.Of(request.Messages);
        if (conversation.System is not null)
            throw ServerError.BadRequest(
                "messages has a system text; texts are classified with that of the training, leave it out", "messages");
        return [new(conversation.Messages[^1].Content, [.. conversation.Messages.SkipLast(1)])];
    }
}
