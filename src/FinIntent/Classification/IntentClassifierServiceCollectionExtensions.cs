using System.Diagnostics.Metrics;
using FinIntent;
using FinIntent.Classification;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds intent classifiers to a program's services.</summary>
/// <remarks>
/// The container has one <see cref="IntentClassifier"/>, which any thread may use. In a host its model is loaded before the services start:
/// a server listens when it is there, and a model that cannot be loaded ends the program with the reason. Without a host it is loaded by
/// whoever asks for it first, who waits meanwhile. The container disposes it, which frees the device. It writes logs to the container's
/// loggers and metrics to its meters.
/// </remarks>
/// <example><code>
/// builder.Services.AddIntentClassifier(options => options.Model = "demo_output/model");
/// …
/// app.MapPost("/classify", (Question question, IntentClassifier classifier, CancellationToken stop) =>
///     classifier.ClassifyAsync(question.Text, cancellationToken: stop));
/// </code></example>
public static class IntentClassifierServiceCollectionExtensions
{
    /// <summary>Adds a classifier whose options are set in code.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Sets <see cref="IntentClassifierOptions.Model"/> and what else is wanted.</param>
    /// <returns>The same services.</returns>
    /// <remarks>Options that are not valid end the host's start with an <see cref="OptionsValidationException"/>.</remarks>
    public static IServiceCollection AddIntentClassifier(this IServiceCollection services, Action<IntentClassifierOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.OptionsOf(null).Configure(configure);
        return services;
    }

    /// <summary>Adds a classifier whose options stand in a configuration, such as a section of appsettings.json.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="section">A section with the options' names as keys. A key that is no option is an error.</param>
    /// <returns>The same services.</returns>
    /// <example><code>
    /// // appsettings.json: "IntentClassifier": { "Model": "demo_output/model", "Device": "cpu" }
    /// builder.Services.AddIntentClassifier(builder.Configuration.GetSection("IntentClassifier"));
    /// </code></example>
    public static IServiceCollection AddIntentClassifier(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.OptionsOf(null).Bind(section, binding => binding.ErrorOnUnknownConfiguration = true);
        return services;
    }

    /// <summary>Adds a classifier beside others, which is asked for by its name.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="name">The service's key, and the name of its options.</param>
    /// <param name="configure">Sets <see cref="IntentClassifierOptions.Model"/> and what else is wanted.</param>
    /// <returns>The same services.</returns>
    /// <example><code>
    /// builder.Services.AddKeyedIntentClassifier("cards", options => options.Model = "saves/cards");
    /// app.MapGet("/card/{text}", (string text, [FromKeyedServices("cards")] IntentClassifier cards) => cards.ClassifyAsync(text));
    /// </code></example>
    public static IServiceCollection AddKeyedIntentClassifier(
        this IServiceCollection services, string name, Action<IntentClassifierOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        services.OptionsOf(name).Configure(configure);
        return services;
    }

    /// <summary>Adds a classifier beside others, whose options stand in a configuration.</summary>
    /// <param name="services">The program's services.</param>
    /// <param name="name">The service's key, and the name of its options.</param>
    /// <param name="section">A section with the options' names as keys. A key that is no option is an error.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddKeyedIntentClassifier(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(section);
        services.OptionsOf(name).Bind(section, binding => binding.ErrorOnUnknownConfiguration = true);
        return services;
    }

    /// <summary>Adds what a classifier needs, once, and returns its options; a second call with the same name sets more of them.</summary>
    /// <param name="name">Null means the classifier that has no key.</param>
    static OptionsBuilder<IntentClassifierOptions> OptionsOf(this IServiceCollection services, string? name)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IntentClassifierOptions>, RegisteredOptions>());
        var options = services.AddOptions<IntentClassifierOptions>(name).ValidateOnStart();
        if (services.Any(s => s.ServiceType == typeof(RegisteredClassifier) && Equals(s.ServiceKey, name))) return options;
        services.AddKeyedSingleton(name, (provider, _) => new RegisteredClassifier(
            provider.GetRequiredService<IOptionsMonitor<IntentClassifierOptions>>(), options.Name,
            provider.GetService<ILoggerFactory>(), provider.GetService<IMeterFactory>()));
        services.AddKeyedSingleton(name, (provider, _) => Registered(provider).Load().GetAwaiter().GetResult());
        services.AddSingleton<IHostedService>(provider => new ClassifierStart(Registered(provider)));
        return options;

        RegisteredClassifier Registered(IServiceProvider provider) => provider.GetRequiredKeyedService<RegisteredClassifier>(name);
    }
}
