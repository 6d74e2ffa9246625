using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Keys;

/// <summary>Says who a caller is: the name of the key, and whether it may change adapters.</summary>
sealed record KeyHolder(string Name, bool IsAdmin);

/// <summary>Holds the keys that the server takes: those of --api-key-file, and those of --admin-key-file, which may do
/// everything.</summary>
sealed class ServerKeys : IDisposable
{
    public const string Category = "FinIntent.Keys";

    readonly KeyFile? _api, _admin;

    /// <param name="apiKeyFile">Null: whoever reaches the server may classify.</param>
    /// <param name="adminKeyFile">Null: nobody may change adapters.</param>
    /// <exception cref="UserErrorException">A file is wrong, or both hold one key.</exception>
    public ServerKeys(string? apiKeyFile, string? adminKeyFile, ILogger log)
    {
        if (apiKeyFile is not null) _api = new(apiKeyFile, log, keys => RefuseShared(keys, _admin?.Keys, apiKeyFile, adminKeyFile!));
        if (adminKeyFile is not null) _admin = new(adminKeyFile, log, keys => RefuseShared(keys, _api?.Keys, adminKeyFile, apiKeyFile!));
    }

    /// <summary>Begins to read the files again when they change.</summary>
    public void Watch(TimeProvider clock)
    {
        _api?.Watch(clock);
        _admin?.Watch(clock);
    }

    /// <summary>Looks for changed files now.</summary>
    public void Look()
    {
        _api?.Look();
        _admin?.Look();
    }

    public KeyHolder? Find(string presented)
    {
        var admin = _admin?.Keys.Find(presented);
        var api = _api?.Keys.Find(presented);
        return admin is not null ? new(admin.Name, IsAdmin: true) : api is not null ? new(api.Name, IsAdmin: false) : null;
    }

    static void RefuseShared(KeySet keys, KeySet? others, string path, string otherPath)
    {
        foreach (var key in keys.Keys)
            if (others?.Keys.FirstOrDefault(other => other.Digest.SequenceEqual(key.Digest)) is not null)
                throw new UserErrorException(
                    $"{path}: the key {key.Name} stands in {otherPath}, too; an admin key may classify as well, so remove it from the " +
                    $"other file");
    }

    public void Dispose()
    {
        _api?.Dispose();
        _admin?.Dispose();
    }
}
