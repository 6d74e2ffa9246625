using FinIntent.Server.Errors;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>GET /v1/models and /v1/models/{id}: the model and its adapters.</summary>
static class ModelRoutes
{
    public static void MapModels(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/models", (HostSlot slot) => List(slot.Required)).WithName("listModels").WithTags("OpenAI")
            .WithSummary("List the model and its adapters");
        app.MapGet("/v1/models/{id}", (string id, HostSlot slot) => Get(id, slot.Required)).WithName("getModel").WithTags("OpenAI")
            .WithSummary("Tell of the model, or of an adapter");
    }

    static Ok<ModelListWire> List(ModelHost host) => TypedResults.Ok(new ModelListWire([.. host.Models.All.Select(v => Of(v, host))]));

    static Ok<ModelWire> Get(string id, ModelHost host)
    {
        using var lease = host.Models.Take(id);
        return TypedResults.Ok(Of(lease.Version, host));
    }

    static ModelWire Of(ServedVersion version, ModelHost host) => new()
    {
        Id = version.Name,
        Created = version.Loaded.ToUnixTimeSeconds(),
        Root = version.Id,
        Parent = version.Parent,
        MaxModelLen = host.Chat.Model.Shape.MaxPositions,
    };
}
