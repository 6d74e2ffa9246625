using FinIntent.Server.Chat;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>POST /predict, as text-embeddings-inference has it.</summary>
static class TeiRoutes
{
    public static void MapTei(this IEndpointRouteBuilder app) =>
        app.MapPost("/predict", Predict).Reads<PredictRequestWire>().WithName("predict").WithTags("text-embeddings-inference")
            .WithMetadata(ErrorForm.Tei)
            .Produces<IReadOnlyList<PredictionWire>>()
            .WithSummary("Tell the intents of texts, in the form of text-embeddings-inference")
            .WithDescription("One text gives a list of {score, label}, the most probable first; several texts give a list of such lists.");

    static async Task<IResult> Predict(HttpContext context, HostSlot slot)
    {
        var request = await JsonBody.ReadAsync(context, TeiJson.Default.PredictRequestWire);
        var isLeft = (request.TruncationDirection ?? "Right").ToUpperInvariant() switch
        {
            "RIGHT" => false,
            "LEFT" => true,
            _ => throw ServerError.BadRequest(
                $"truncation_direction is {JsonTexts.Shown(request.TruncationDirection!)}; it must be Right or Left",
                "truncation_direction"),
        };
        ClassifyCall call = new([.. request.Inputs.Texts.Select(text => new AskedText(text))])
        {
            Model = request.Model,
            Cut = request.Truncate != true ? null : isLeft ? TextCut.Left : TextCut.Right,
        };
        var classified = await slot.Required.ClassifyAsync(call, RequestRecord.Of(context), context.RequestAborted);
        var all = classified.Texts.Select(text => Of(text, request.RawScores == true)).ToList();
        return request.Inputs.IsOne
            ? TypedResults.Json(all[0], PlainJson.Tei.IReadOnlyListPredictionWire)
            : TypedResults.Json(all, PlainJson.Tei.IReadOnlyListIReadOnlyListPredictionWire);
    }

    static IReadOnlyList<PredictionWire> Of(ClassifiedText text, bool isRaw) => [.. text.Options
        .Zip(text.Answer.Probabilities, (option, p) => new PredictionWire(isRaw ? TokenWires.Log(Math.Log(p)) : p, option.Name))
        .OrderByDescending(prediction => prediction.Score)];
}
