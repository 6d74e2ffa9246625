using FinIntent.Server.Keys;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>GET /health/live and /health/ready, for whoever starts and stops servers. They need no key.</summary>
static class HealthRoutes
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => TypedResults.Ok(new HealthWire("ok"))).OpenToAll().WithTags("Health").WithName("live")
            .WithSummary("Whether the process lives");
        app.MapGet("/health/ready", (HostSlot slot) => slot.IsReady
                ? TypedResults.Json(new HealthWire("ok"), IntentJson.Default.HealthWire)
                : TypedResults.Json(new HealthWire(slot.Current is null ? "starting" : "draining"), IntentJson.Default.HealthWire,
                    statusCode: StatusCodes.Status503ServiceUnavailable))
            .OpenToAll().WithTags("Health").WithName("ready")
            .Produces<HealthWire>().Produces<HealthWire>(StatusCodes.Status503ServiceUnavailable)
            .WithSummary("Whether requests are answered: the model is loaded and warm, and the server does not stop");
    }
}
