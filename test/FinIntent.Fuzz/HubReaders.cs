using System.Net;
using System.Net.Sockets;
using FinIntent.Hub;

namespace FinIntent.Fuzz;

/// <summary>What hubs answer: a server of this machine sends the damaged file.</summary>
static class HubReaders
{
    const string Commit = "5555555555555555555555555555555555555555";

    static readonly Lazy<Loopback> Server = new(() => new());

    public static IReadOnlyList<FuzzedReader> All { get; } =
    [
        Lists("list of Hugging Face", HubSource.HuggingFace, 200, $$$"""
            {"sha": "{{{Commit}}}", "siblings": [{"rfilename": "config.json", "size": 5, "blobId": "{{{Commit}}}"},
             {"rfilename": "model.safetensors", "size": 7, "lfs": {"sha256": "{{{new string('a', 64)}}}", "size": 7, "pointerSize": 130} }]}
            """),
        Lists("list of ModelScope", HubSource.ModelScope, 200, $$$"""
            {"Code": 200, "Data": {"Files": [{"Path": "config.json", "Name": "config.json", "Size": 5, "Sha256": "{{{new string('a', 64)}}}",
             "Type": "blob"}, {"Path": "sub", "Type": "tree", "Size": 0}]}, "Message": "success", "Success": true}
            """),
        Lists("refusal of a hub", HubSource.HuggingFace, 404, """{"error": "Repository not found", "Message": "x"}"""),
    ];

    static FuzzedReader Lists(string name, HubSource source, int status, string seed) =>
        new(name, Format.Json, "list.json", path => List(path, source, status))
        {
            Seeds = [Seeds.Text(seed)],
            Covers = "HubHttp HubErrors HuggingFaceSite ModelScopeSite",
        };

    static void List(string path, HubSource source, int status)
    {
        Server.Value.Next = (status, File.ReadAllBytes(path));
        var settings = new HubSettings(source, Server.Value.Address, Path.GetDirectoryName(path)!) { Attempts = 1 };
        using var site = HubSite.Of(settings, new(_ => { }));
        try
        {
            var listing = site.List(new("bank/adapter", RepositoryKind.Model), CancellationToken.None).GetAwaiter().GetResult();
            _ = listing.Paths.Count(listing.Has);
        }
        catch (HubFailure e)
        {
            if (status != 200) return; // that it is refused is what such an answer says
            throw new UserErrorException(e.Message, e);
        }
    }

    /// <summary>Sends the same answer to every request.</summary>
    sealed class Loopback
    {
        readonly HttpListener _listener = new();

        public Loopback()
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Address = new($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
            }
            _listener.Prefixes.Add(Address.AbsoluteUri);
            _listener.Start();
            Task.Factory.StartNew(Serve, TaskCreationOptions.LongRunning);
        }

        public Uri Address { get; }

        public (int Status, byte[] Body) Next { get; set; }

        void Serve()
        {
            while (true)
            {
                var context = _listener.GetContext();
                context.Response.StatusCode = Next.Status;
                context.Response.Close(Next.Body, willBlock: true);
            }
        }
    }
}
