using System.Text.Json.Serialization.Metadata;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>The routes that other servers have, too, so that their clients work as they are.</summary>
static class CompatibleRoutes
{
    public static void MapCompatible(this IEndpointRouteBuilder app)
    {
        app.MapChat();
        app.MapCompletions();
        app.MapModels();
        app.MapVllm();
        app.MapTei();
        app.MapOllama();
    }

    /// <summary>Adds the JSON of these routes, behind FinIntent's own and before what is found by reflection.</summary>
    public static void AddCompatible(this IList<IJsonTypeInfoResolver> chain)
    {
        chain.Insert(1, OpenAIJson.Default);
        chain.Insert(2, TeiJson.Default);
        chain.Insert(3, OllamaJson.Default);
    }
}
