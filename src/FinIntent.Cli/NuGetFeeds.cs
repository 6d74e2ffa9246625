using FinIntent.Jobs.Setup;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;

namespace FinIntent.Cli;

/// <summary>The feeds that NuGet's own settings name for a folder, as `dotnet restore` would take them there.</summary>
static class NuGetFeeds
{
    /// <param name="source">An address or a folder in place of the settings' sources.</param>
    /// <param name="folder">The folder whose NuGet.Config counts, with those above it and the user's.</param>
    public static IReadOnlyList<PackageFeed> Of(string? source, string folder, LibTorchPackage package)
    {
        if (source is not null) return [FeedOf(new(Local(source)))];
        try
        {
            var settings = NuGet.Configuration.Settings.LoadDefaultSettings(folder);
            var mapping = PackageSourceMapping.GetPackageSourceMapping(settings);
            var mapped = mapping.IsEnabled ? mapping.GetConfiguredPackageSources(package.Id) : null;
            var sources = PackageSourceProvider.LoadPackageSources(settings)
                .Where(s => s.IsEnabled && (mapped is null || mapped.Contains(s.Name, StringComparer.OrdinalIgnoreCase)));
            // A package that was restored before need not be fetched again; its digest is looked at all the same.
            return [.. sources.Prepend(new(SettingsUtility.GetGlobalPackagesFolder(settings))).Select(FeedOf)];
        }
        catch (NuGetConfigurationException e)
        {
            throw new UserErrorException($"{e.Message} (NuGet's settings; --source URL-or-folder does without them)", e);
        }
    }

    static string Local(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out var uri) && !uri.IsFile ? source : Path.GetFullPath(source);

    static PackageFeed FeedOf(PackageSource source) => new(source.Source, async (package, target) =>
    {
        try
        {
            var feed = await Repository.Factory.GetCoreV3(source).GetResourceAsync<FindPackageByIdResource>();
            using var cache = new SourceCacheContext { DirectDownload = true, NoCache = true };
            return feed is not null
                && await feed.CopyNupkgToStreamAsync(package.Id, new(package.Version), target, cache, NullLogger.Instance, default);
        }
        catch (Exception e) when (e is FatalProtocolException or HttpRequestException or InvalidOperationException)
        {
            throw new IOException($"{e.Message} {(e.InnerException is null ? "" : e.GetBaseException().Message)}".TrimEnd(), e);
        }
    });
}
