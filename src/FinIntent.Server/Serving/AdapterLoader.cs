using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Classification;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Lora;
using FinIntent.Server.Errors;
using FinIntent.Text;

namespace FinIntent.Server.Serving;

/// <summary>Loads adapters that stand on the served model, beside the thread that computes.</summary>
/// <param name="source">What the model was loaded from, without adapters.</param>
/// <param name="model">The model's served name.</param>
/// <param name="root">The folder below which a caller may have adapters loaded, null where none may.</param>
sealed class AdapterLoader(ChatModel chat, ClassifierSource source, string model, string? root)
{
    const int LongestName = 64;

    readonly Lazy<string> _root = new(() => RealPath(root!));

    /// <summary>Says whether callers may have adapters loaded.</summary>
    public bool HasRoot => root is not null;

    /// <summary>Loads an adapter from a folder that the operator named.</summary>
    /// <exception cref="UserErrorException">It is no adapter, does not fit the model, or was taught no intents.</exception>
    public ServedVersion Load(string name, string folder)
    {
        if (!IsName(name) || name == model)
            throw new UserErrorException($"\"{name}\" is no name for an adapter; use letters, digits, dots, dashes and underscores, " +
                $"{LongestName} at most, and not the model's own name");
        using (var checkpoint = Checkpoint.Open(source.Chat.Model)) Provenance.CheckBase(checkpoint, [folder], source.Chat.Force);
        var trained = Provenance.OfLast([folder]);
        var talk = source.Chat with
        {
            Adapters = [folder],
            Template = null,
            DefaultSystem = trained.DefaultSystem,
            EnableThinking = trained.EnableThinking,
        };
        if (Provenance.Read(folder).Template is null) talk = talk with { Template = source.Chat.Template };
        // An adapter of another program says nothing of intents; the operator's file does.
        var sets = trained.LabelSets is { Count: > 0 } || source.Sets.Count == 0 ? ClassifierSource.SetsOf(null, trained, folder)
            : source.Sets;
        var calibration = CalibrationFile.IsIn(folder) ? folder : null;
        var taught = new ClassifierSource(talk, sets)
        {
            Calibrations = ClassifierSource.CalibrationsOf(talk, sets, folder),
        };
        var template = ChatTemplate.Get(talk.TemplateName, chat.Tokenizer, talk.DefaultSystem, talk.EnableThinking);
        List<string> parts = [ModelFingerprint.Of(source.Chat.Model), chat.Model.FormatName, talk.TemplateName,
            FileFingerprint.Of(LoraAdapters.WeightsPath(folder)), TextFile.Read(Path.Combine(folder, AdapterConfig.FileName))];
        return new(name, HostLoader.DigestOf(parts, sets, calibration), new(template, taught), folder)
        {
            Parent = model,
            Weights = AdapterWeights.Load(chat.Model, folder),
            CalibrationIds = HostLoader.IdsOf(taught, calibration),
        };
    }

    /// <summary>Loads an adapter that a caller named: a folder right below the root, of safetensors only.</summary>
    /// <exception cref="ServerError">The name or the folder is not possible; the message shows no path.</exception>
    public ServedVersion LoadBelowRoot(string name, string version)
    {
        if (!IsName(name) || name == model)
            throw ServerError.BadRequest($"an adapter's name has letters, digits, dots, dashes and underscores, {LongestName} at most, " +
                "begins with a letter or digit, and is not the model's own", "name");
        if (!IsName(version))
            throw ServerError.BadRequest($"version is the name of a folder: letters, digits, dots, dashes and underscores, " +
                $"{LongestName} at most, beginning with a letter or digit", "version");
        var folder = Path.Combine(_root.Value, version);
        if (!Directory.Exists(folder)) throw NotVersion(version);
        folder = Below(folder, version);
        foreach (var file in Directory.EnumerateFiles(folder)) Below(file, version);
        if (!Directory.EnumerateFiles(folder, "adapter_model.safetensors").Any())
            throw ServerError.BadRequest($"version \"{version}\" has no adapter_model.safetensors; other files of weights are not loaded " +
                "while serving", "version");
        try
        {
            return Load(name, folder);
        }
        catch (UserErrorException e)
        {
            throw ServerError.BadRequest(WithoutPaths(e.Message), "version", "adapter_unusable");
        }
    }

    string WithoutPaths(string message) => message.Replace(_root.Value, "…", StringComparison.Ordinal)
        .Replace(Path.GetFullPath(source.Chat.Model), model, StringComparison.Ordinal)
        .Replace(source.Chat.Model, model, StringComparison.Ordinal);

    /// <summary>Follows links, and refuses what they lead to outside the root.</summary>
    string Below(string path, string version)
    {
        var real = RealPath(path);
        return real.StartsWith(_root.Value + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? real
            : throw NotVersion(version);
    }

    static ServerError NotVersion(string version) => ServerError.NotFound(
        $"there is no version \"{version}\": no folder of that name lies right below --adapter-root", "version", "version_not_found");

    static string RealPath(string path)
    {
        var real = Path.GetPathRoot(Path.GetFullPath(path))!;
        foreach (var part in Path.GetFullPath(path)[real.Length..]
            .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            var target = Directory.Exists(next) ? Directory.ResolveLinkTarget(next, true) : File.ResolveLinkTarget(next, true);
            real = target is null ? next : RealPath(target.FullName);
        }
        return real;
    }

    static bool IsName(string name) => name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
