using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FinIntent.Tests.ApiModels;

namespace FinIntent.Tests.Hub;

/// <summary>ModelScope's side of the server: lists of files with their SHA-256, and files that lead to the CDN.</summary>
static class ModelScopeApi
{
    /// <param name="path">models/owner/name/repo/files, datasets/owner/name/repo/tree, or …/repo.</param>
    public static async Task Serve(HubServer server, WireRequest http, string path)
    {
        var (name, rest) = (path.Split("/repo")[0], path.Split("/repo")[1]);
        if (!server.Repositories.TryGetValue(name, out var repository))
        {
            await http.Answer(404, """{"Code":10010205001,"Message":"record not found","Success":false}""");
            return;
        }
        if (rest.Length > 0)
        {
            await http.Answer(200, server.ListText ?? new JsonObject
            {
                ["Code"] = 200,
                ["Success"] = true,
                ["Data"] = new JsonObject { ["Files"] = List(repository, server.ListsNoDigest) }
            }.ToJsonString());
            return;
        }
        var file = Uri.UnescapeDataString(http.Query.Split("FilePath=")[1]);
        await http.Begin(302, 0, ("Location", server.CdnAddress(server.InPlaceOf(file) ?? repository.Files[file])));
    }

    static JsonArray List(ServedRepository repository, bool hasNoDigest) => [.. repository.Files.Select(file => (JsonNode)new JsonObject
    {
        ["Name"] = file.Key.Split('/')[^1],
        ["Path"] = file.Key,
        ["Type"] = "blob",
        ["Size"] = file.Value.Length,
        ["Sha256"] = hasNoDigest ? "" : Convert.ToHexStringLower(SHA256.HashData(file.Value)),
    }), new JsonObject { ["Name"] = "figures", ["Path"] = "figures", ["Type"] = "tree", ["Size"] = 0, ["Sha256"] = "" }];
}
