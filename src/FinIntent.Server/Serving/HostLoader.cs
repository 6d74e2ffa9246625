using System.Security.Cryptography;
using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Classification;
using FinIntent.Files;
using FinIntent.Jobs;
using FinIntent.Jobs.Classify;
using FinIntent.Lora;
using FinIntent.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Serving;

/// <summary>Loads what `finintent serve` was told to serve.</summary>
static class HostLoader
{
    /// <summary>The classifier's queue never fills: <see cref="Admission"/> lets in far less.</summary>
    const int Unbounded = 1 << 20;

    /// <summary>Loads the model and its adapters, and warms them.</summary>
    /// <exception cref="UserErrorException">Something is missing or does not fit.</exception>
    public static async Task<ModelHost> LoadAsync(ServeOptions options, SettingsFile settings, Surroundings here, IServiceProvider services)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var isAlone = options is { Adapters.Count: 0, AdapterRoot: null };
        var (source, calibration) = Classifiers.Find(settings, here, needsIntents: isAlone);
        source = source with
        {
            MaxTokensPerForward = options.MaxBatchTokens ?? source.MaxTokensPerForward,
            KeptBytes = options.KeptBeginningsMb * 1_000_000L,
        };
        if (!isAlone && source.Chat.Adapters.Count > 0)
            throw new UserErrorException($"{source.Chat.Adapters[^1]} would be merged into the model that --adapter and " +
                $"--adapter-root stand " +
                "on; name the base as the model, and this one as --adapter NAME=FOLDER");
        var name = options.ServedModelName ?? NameOf(source.Chat.Adapters.LastOrDefault() ?? source.Chat.Model);
        var classifier = await IntentClassifier.OnOneThread(() =>
        {
            var model = ClassifierModel.Load(source, here.Device.Value);
            model.Chat.Model.AdapterRoom.MaxLoaded = options.MaxLoadedAdapters;
            return model.OrDispose(() => new IntentClassifier(model, name, Unbounded, new(name, loggers), options.BatchWait));
        });
        var own = VersionOf(name, source, classifier.Model, calibration);
        var loader = new AdapterLoader(classifier.Model.Chat, source, name, options.AdapterRoot);
        var host = new ModelHost(classifier, own, loader, options, services);
        try
        {
            await host.WarmUpAsync(own);
            foreach (var (adapter, folder) in options.Adapters) await host.AddAdapterAsync(adapter, folder);
            CheckShadow(options, host);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>A shadow that is not there may come later where adapters may be loaded while serving, and else never.</summary>
    static void CheckShadow(ServeOptions options, ModelHost host)
    {
        if (options is { Shadow: { } shadow, AdapterRoot: null } && host.Models.Get(shadow) is null)
            throw new UserErrorException($"--shadow {shadow}: nothing is served under that name; there are " +
                $"{string.Join(", ", host.Models.All.Select(version => version.Name))} (--adapter NAME=FOLDER adds one)");
    }

    static ServedVersion VersionOf(string name, ClassifierSource source, ClassifierModel model, string? calibration)
    {
        List<string> parts = [ModelFingerprint.Of(source.Chat.Model), model.Chat.Model.FormatName, source.Chat.TemplateName];
        parts.AddRange(source.Chat.Adapters.Select(folder => FileFingerprint.Of(LoraAdapters.WeightsPath(folder))));
        return new(name, DigestOf(parts, source.Sets, calibration), source.Sets.Count > 0 ? model.Taught : null, source.Chat.Model)
        {
            CalibrationIds = IdsOf(source, calibration),
        };
    }

    /// <summary>Returns the SHA-256 of what decides about answers.</summary>
    internal static string DigestOf(IEnumerable<string> parts, IEnumerable<Intents.LabelSet> sets, string? calibration)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts.Concat(sets.Select(set => set.ToJson().ToJsonString(JsonFile.Line)))) Append(part);
        if (calibration is not null) Append(FileFingerprint.Of(CalibrationFile.PathIn(calibration)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(string part) => hash.AppendData(Encoding.UTF8.GetBytes($"{part}\n"));
    }

    internal static IReadOnlyDictionary<string, string> IdsOf(ClassifierSource source, string? calibration) => calibration is null
        ? new Dictionary<string, string>()
        : source.Calibrations.Keys.ToDictionary(set => set, _ => FileFingerprint.Of(CalibrationFile.PathIn(calibration)));

    /// <summary>Returns the last part of a folder's path.</summary>
    internal static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}
