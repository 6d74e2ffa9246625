using FinIntent.Server.Audit;
using FinIntent.Server.Errors;
using FinIntent.Server.Keys;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Routes;

/// <summary>/v1/adapters: which there are, and, for administrators, loading, replacing and removing them while requests run.</summary>
static class AdapterRoutes
{
    public static void MapAdapters(this IEndpointRouteBuilder app, bool mayChange)
    {
        var routes = app.MapGroup("/v1/adapters").WithTags("Adapters");
        routes.MapGet("", (HostSlot slot) => TypedResults.Ok(new AdapterList(
                [.. slot.Required.Models.All.Where(v => v.Parent is not null).Select(Wire)])))
            .WithName("listAdapters").WithSummary("The adapters that are served");
        routes.MapGet("/{name}", (string name, HostSlot slot) => TypedResults.Ok(Wire(Found(slot.Required.Models.Get(name), name))))
            .WithName("getAdapter").WithSummary("An adapter that is served");
        if (!mayChange) return;
        routes.MapPut("/{name}", Put).Reads<AdapterPut>().RequireAdminKey()
            .WithName("putAdapter").WithSummary("Load an adapter, or replace it by another version")
            .WithDescription("Requests that run end with the version that they began with. The version is the name of a folder below " +
                "--adapter-root.");
        routes.MapDelete("/{name}", Delete).RequireAdminKey()
            .WithName("deleteAdapter").WithSummary("Serve an adapter no more");
    }

    static async Task<Results<Ok<AdapterWire>, Created<AdapterWire>>> Put(string name, HttpContext context, HostSlot slot, AuditLog audit)
    {
        var asked = await JsonBody.ReadAsync(context, IntentJson.Default.AdapterPut);
        var (version, replaced) = await Audited(name, context, audit, async () =>
        {
            var (after, before) = await slot.Required.PutAdapterAsync(name, asked.Version, context.RequestAborted);
            return (after, before);
        });
        var wire = Wire(version!) with { Replaced = replaced?.Version };
        return replaced is null ? TypedResults.Created($"/v1/adapters/{name}", wire) : TypedResults.Ok(wire);
    }

    static async Task<Ok<AdapterWire>> Delete(string name, HttpContext context, HostSlot slot, AuditLog audit)
    {
        var (_, removed) = await Audited(name, context, audit, () =>
            Task.FromResult<(ServedVersion?, ServedVersion?)>((null, Found(slot.Required.RemoveAdapter(name), name))));
        return TypedResults.Ok(Wire(removed!));
    }

    /// <summary>Writes a line about a change, whether it succeeds or not.</summary>
    static async Task<(ServedVersion? After, ServedVersion? Before)> Audited(
        string name, HttpContext context, AuditLog audit, Func<Task<(ServedVersion? After, ServedVersion? Before)>> change)
    {
        var entry = AuditEntry.Of(context, name, "ok");
        try
        {
            var (after, before) = await change();
            audit.Write(entry with { After = after?.Digest, Before = before?.Digest });
            return (after, before);
        }
        catch (Exception e)
        {
            audit.Write(entry with
            {
                Outcome = "failed",
                Error = e is ServerError error ? error.Code ?? $"status {error.Status}" : e.GetType().Name,
            });
            throw;
        }
    }

    static ServedVersion Found(ServedVersion? version, string name) => version is { Parent: not null } ? version
        : throw ServerError.NotFound($"there is no adapter \"{(name.Length <= 64 ? name : name[..64] + "…")}\"", "name",
            "adapter_not_found");

    static AdapterWire Wire(ServedVersion version) => new()
    {
        Name = version.Name,
        Version = version.Version,
        Digest = version.Digest,
        Parent = version.Parent!,
        Folder = Path.GetFileName(version.Folder),
        Loaded = version.Loaded,
        IntentSets = [.. version.Taught!.Sets.Select(set => new IntentSetWire(set.Name, [.. set.Options.Select(o => o.Name)],
            version.CalibrationIds.GetValueOrDefault(set.Name)))],
    };
}
