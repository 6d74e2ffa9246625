using FinIntent.Classification;
using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>POST /v1/intent/classify: what is FinIntent's own.</summary>
static class IntentRoutes
{
    public static void MapIntents(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/intent/classify", Classify).Reads<IntentRequest>().WithName("classifyIntents").WithTags("Intents")
            .WithSummary("Tell the intents of texts")
            .WithDescription("One forward a text gives the probability of every intent; nothing is generated. Texts of all requests " +
                "share forwards.");

    static async Task<Ok<IntentResponse>> Classify(HttpContext context, HostSlot slot)
    {
        var start = Stopwatch.GetTimestamp();
        var request = await JsonBody.ReadAsync(context, IntentJson.Default.IntentRequest);
        Check(request);
        var record = RequestRecord.Of(context);
        var host = slot.Required;
        var classified = await host.ClassifyAsync(new(request.Input.Texts)
        {
            Model = request.Adapter ?? request.Model,
            IntentSet = request.IntentSet,
            Labels = request.Labels,
            IsCalibrated = request.Calibrated,
            Threshold = request.Threshold,
            Deadline = request.DeadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
        }, record, context.RequestAborted);
        return TypedResults.Ok(Answer(request, classified, record, host.Models.Own.Name, Stopwatch.GetElapsedTime(start)));
    }

    static void Check(IntentRequest request)
    {
        if (request is { Adapter: { } adapter, Model: { } model } && adapter != model)
            throw ServerError.BadRequest($"adapter is \"{adapter}\" and model \"{model}\"; name one", "adapter");
        if (request.TopK < 1) throw ServerError.BadRequest($"top_k is {request.TopK}; it must be 1 or more", "top_k");
        if (request.DeadlineMs < 1) throw ServerError.BadRequest($"deadline_ms is {request.DeadlineMs}; it must be 1 or more",
            "deadline_ms");
        if (request.Threshold is { } t && t is not (>= 0 and <= 1))
            throw ServerError.BadRequest($"threshold is {t}; it must be from 0 to 1", "threshold");
    }

    static IntentResponse Answer(
        IntentRequest request, Classified classified, RequestRecord record, string model, TimeSpan total) => new()
        {
            Id = request.Id,
            Model = model,
            Adapter = classified.Version.Parent is null ? null : classified.Version.Name,
            AdapterVersion = classified.Version.Version,
            Calibration = classified.IsCalibrated ? classified.Version.CalibrationIds.GetValueOrDefault(classified.Set.Name) : null,
            IntentSet = classified.Set.Name,
            Results = [.. classified.Texts.Select((text, i) => Answer(text, i, request.TopK))],
            Usage = new(classified.Tokens, classified.Tokens),
            Timings = new(record.Tokenized.TotalMilliseconds, record.Queued.TotalMilliseconds, record.Computed.TotalMilliseconds,
            total.TotalMilliseconds),
        };

    static IntentAnswerWire Answer(ClassifiedText text, int index, int? topK)
    {
        var (answer, options) = (text.Answer, text.Options);
        var all = options.Zip(answer.Probabilities, (o, p) =>
            new IntentProbability(o.Name, o.Label, p, Math.Max(Math.Log(p), LeastLogprob)));
        return new()
        {
            Index = index,
            Id = text.Asked.Id,
            Intent = text.Best.Name,
            Label = text.Best.Label,
            Probability = text.Probability,
            Margin = answer.Margin,
            Abstained = text.IsAbstained,
            AbstentionReason = text.IsAbstained == true ? answer.Reason switch
            {
                FinIntent.AbstentionReason.OutOfScope => "out_of_scope",
                _ => "low_probability",
            } : null,
            PredictionSet = answer.PredictionSet is { } set ? [.. set.Select(i => options[i].Name)] : null,
            OutOfScopeScore = answer.OutOfScopeScore,
            Probabilities = [.. all.OrderByDescending(p => p.Probability).Take(topK ?? int.MaxValue)],
            Tokens = answer.Tokens,
        };
    }

    /// <summary>What OpenAI writes for a token that is as good as impossible: JSON has no infinity.</summary>
    internal const double LeastLogprob = -9999;
}
