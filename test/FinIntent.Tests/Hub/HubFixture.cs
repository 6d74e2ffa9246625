using System.Collections.Concurrent;
using FinIntent.Hub;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Hub;

/// <summary>A server, an empty cache, and a client of them whose waits pass fast.</summary>
sealed class HubFixture : IDisposable
{
    public const string Id = "acme/tiny";

    readonly TemporaryFolder _folder = new();

    public HubServer Server { get; } = new();

    public FastTime Time { get; } = new(200);

    public ConcurrentQueue<string> Told { get; } = [];

    public Dictionary<string, string?> Variables { get; } = [];

    public string Home => _folder.Path;

    public string Cache => _folder[Path.Combine("hf", "hub")];

    public int PartBytes { get; set; } = 64 << 10;

    public int Connections { get; set; } = 4;

    public TimeSpan SilenceLimit { get; set; } = TimeSpan.FromSeconds(20);

    public long FreeBytes { get; set; } = long.MaxValue;

    public Action<string, string>? Link { get; set; }

    public string this[string name] => _folder[name];

    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A repository in the form of a model: small files, and weights at the CDN.</summary>
    public ServedRepository AddModel(int weights = 1_000_003, string id = Id)
    {
        var repository = Server.Add($"models/{id}");
        repository.Files["config.json"] = "{\"model_type\": \"qwen2\"}"u8.ToArray();
        repository.Files["tokenizer.json"] = Bytes(3000, 7);
        repository.Files["generation_config.json"] = "{}"u8.ToArray();
        repository.Files["README.md"] = "# tiny"u8.ToArray();
        repository.Files["model.safetensors"] = Bytes(weights);
        repository.Files["pytorch_model.bin"] = Bytes(weights, 2);
        repository.Files["onnx/model.onnx"] = Bytes(5000, 3);
        return repository;
    }

    public HubChoice Hubs()
    {
        Dictionary<string, string?> variables = new()
        {
            ["HF_HOME"] = _folder["hf"],
            ["HF_ENDPOINT"] = Server.Url,
            ["MODELSCOPE_DOMAIN"] = Server.Url,
            ["MODELSCOPE_CACHE"] = _folder["ms"],
        };
        foreach (var (name, value) in Variables) variables[name] = value;
        var hubs = HubChoice.FromEnvironment(name => variables.GetValueOrDefault(name), _folder.Path);
        return hubs with { HuggingFace = Fast(hubs.HuggingFace), ModelScope = Fast(hubs.ModelScope) };
    }

    HubSettings Fast(HubSettings settings) => settings with
    {
        PartBytes = PartBytes,
        Connections = Connections,
        SilenceLimit = SilenceLimit
    };

    public HubContext Context()
    {
        var context = new HubContext(Told.Enqueue) { Time = Time, FreeBytes = _ => FreeBytes };
        return Link is null ? context : context with { Link = Link };
    }

    public HubFolders Folders() => new(Hubs(), Context());

    public string Fetch(FileChoice? choice = null, string id = Id, RepositoryKind kind = RepositoryKind.Model,
        CancellationToken? stop = null)
    {
        var folders = Folders();
        return folders.Fetch(folders.Hubs.Preferred, HubRepository.Parse(id, kind)!, choice ?? ModelFiles.Model, stop
            ?? TestContext.Current.CancellationToken);
    }

    public Surroundings Surroundings => new(TextWriter.Null, TextWriter.Null) { Hubs = Hubs, Download = work => work(Context()) };

    public Prepared Prepare(SettingsFile settings) => Prepared.Of(settings, Need.Model, Surroundings);

    public string ErrorOf(FileChoice? choice = null, string id = Id, RepositoryKind kind = RepositoryKind.Model)
    {
        var message = Assert.Throws<UserErrorException>(() => Fetch(choice, id, kind)).Message;
        Assert.DoesNotContain(HubServer.Token, message);
        return message;
    }

    public void Dispose()
    {
        Server.Dispose();
        _folder.Dispose();
    }
}
