using System.Diagnostics.Metrics;
using FinIntent.Classification;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace FinIntent.Tests.Classification;

/// <summary>Classifiers in the host that a server runs in.</summary>
public sealed class HostingTests(EmbeddedClassifier embedded) : IClassFixture<EmbeddedClassifier>
{
    const string Text = "茅台还能买吗";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static void Embedded(IntentClassifierOptions options) => (options.Model, options.Schema, options.Template, options.Device) =
        (EmbeddedClassifier.Model, EmbeddedClassifier.Schema, "default", "cpu");

    static IConfiguration Configured(params (string Key, string Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"IntentClassifier:{value.Key}", (string?)value.Value)))
        .Build().GetSection("IntentClassifier");

    static IHost HostOf(Action<IServiceCollection> add, CollectedLog? log = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        if (log is not null) builder.Services.AddSingleton<ILoggerProvider>(log);
        add(builder.Services);
        return builder.Build();
    }

    [Fact]
    public async Task A_host_starts_with_the_model_loaded_and_frees_it_at_its_end()
    {
        using var log = new CollectedLog();
        IntentClassifier classifier;
        using (var host = HostOf(services => services.AddIntentClassifier(Embedded), log))
        {
            await host.StartAsync(Stop);
            var loaded = log.Lines.Count(line => line.Contains("Loaded", StringComparison.Ordinal));
            classifier = host.Services.GetRequiredService<IntentClassifier>();
            var result = await classifier.ClassifyAsync(Text, cancellationToken: Stop);
            await host.StopAsync(Stop);

            Assert.Equal(1, loaded);
            Assert.Same(classifier, host.Services.GetRequiredService<IntentClassifier>());
            Assert.Equal((await embedded.Classifier.ClassifyAsync(Text, cancellationToken: Stop)).Probabilities, result.Probabilities);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => classifier.ClassifyAsync(Text, cancellationToken: Stop));
        Assert.Contains(log.Lines, line => line.StartsWith(
            $"Information FinIntent.IntentClassifier: Loaded {EmbeddedClassifier.Model} on cpu in ", StringComparison.Ordinal)
            && line.Contains("intent sets: openfindata (5)", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_option_can_stand_in_a_configuration()
    {
        IntentClassifierOptions all = new()
        {
            Model = "m",
            Adapter = "a",
            Schema = "s",
            IntentSet = "i",
            Template = "t",
            Device = "cuda:1",
            Precision = ModelPrecision.Int8,
            UseCalibration = false,
            MaxTokensPerForward = 7,
            QueueCapacity = 8,
            CacheDirectory = "c",
            EnableSensitiveData = true,
        };
        var properties = typeof(IntentClassifierOptions).GetProperties().ToDictionary(p => p.Name, p => p.GetValue(all));
        using var provider = new ServiceCollection()
            .AddIntentClassifier(Configured([.. properties.Select(p => (p.Key, Convert.ToString(p.Value)!))])).BuildServiceProvider();

        Assert.Equal(all, provider.GetRequiredService<IOptions<IntentClassifierOptions>>().Value);
        var defaults = new IntentClassifierOptions();
        Assert.All(properties, p => Assert.NotEqual(typeof(IntentClassifierOptions).GetProperty(p.Key)!.GetValue(defaults), p.Value));
    }

    [Fact]
    public async Task A_key_that_is_no_option_ends_the_start()
    {
        using var host = HostOf(services => services.AddIntentClassifier(Configured(("Model", "m"), ("Devise", "cpu"))));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Stop));

        Assert.Contains("Devise", error.Message);
    }

    [Fact]
    public async Task Values_that_cannot_be_end_the_start_all_named_at_once()
    {
        using var host = HostOf(services => services
            .AddIntentClassifier(options =>
                (options.QueueCapacity, options.MaxTokensPerForward, options.Precision) = (0, 0, (ModelPrecision)9))
            .AddKeyedIntentClassifier("cards", options => options.Model = " "));

        var error = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync(Stop));

        var failures = (error as AggregateException)?.InnerExceptions.Cast<OptionsValidationException>().SelectMany(e => e.Failures)
            ?? ((OptionsValidationException)error).Failures;
        Assert.Equal(
        [
            "The intent classifier: Model is not set; name the folder of a model or of an adapter, or owner/name on a hub",
            "The intent classifier: QueueCapacity is 0; it must be 1 or more",
            "The intent classifier: MaxTokensPerForward is 0; it must be 1 or more",
            "The intent classifier: Precision is 9; use one of Auto, Float32, BFloat16, Float16, Float8, Int8, Nf4",
            "The intent classifier \"cards\": Model is not set; name the folder of a model or of an adapter, or owner/name on a hub",
        ], failures);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_ends_the_start_with_the_remedy()
    {
        using var host = HostOf(services => services.AddIntentClassifier(options => options.Model = "./nowhere/model"));

        var error = await Assert.ThrowsAsync<UserErrorException>(() => host.StartAsync(Stop));

        Assert.Contains("name a model's or an adapter's folder", error.Message);
    }

    [Fact]
    public async Task Classifiers_with_keys_stand_beside_each_other_and_the_one_without()
    {
        using var log = new CollectedLog();
        using var host = HostOf(services => services
            .AddIntentClassifier(Configured(("Model", EmbeddedClassifier.Model), ("Schema", EmbeddedClassifier.Schema)))
            .AddIntentClassifier(options => (options.Template, options.Device) = ("default", "cpu"))
            .AddKeyedIntentClassifier("service", Embedded)
            .AddKeyedIntentClassifier("service", options =>
                options.Schema = Path.Combine(Reference.Root, "config", "service", "schema.yaml")), log);

        await host.StartAsync(Stop);

        Assert.Equal(2, log.Lines.Count(line => line.Contains("Loaded", StringComparison.Ordinal)));
        Assert.Equal("openfindata", host.Services.GetRequiredService<IntentClassifier>().IntentSets.Single().Name);
        Assert.Equal("service", host.Services.GetRequiredKeyedService<IntentClassifier>("service").IntentSets.Single().Name);
    }

    [Fact]
    public async Task A_chat_client_of_the_same_model_can_be_a_service()
    {
        using var host = HostOf(services => services
            .AddIntentClassifier(Embedded)
            .AddChatClient(provider => provider.GetRequiredService<IntentClassifier>().AsChatClient()).UseLogging());
        await host.StartAsync(Stop);

        var chat = host.Services.GetRequiredService<IChatClient>();
        var answer = await chat.GetResponseAsync(EmbeddedClassifier.Asked(Text), new() { Temperature = 0 }, Stop);

        Assert.Equal("B", answer.Text);
        Assert.Same(host.Services.GetRequiredService<IntentClassifier>(), chat.GetService<IntentClassifier>());
    }

    [Fact]
    public async Task Without_a_host_the_first_who_asks_loads_it()
    {
        IntentClassifier classifier;
        await using (var provider = new ServiceCollection().AddIntentClassifier(Embedded).BuildServiceProvider())
        {
            classifier = provider.GetRequiredService<IntentClassifier>();
            Assert.Equal("个股问询", (await classifier.ClassifyAsync(Text, cancellationToken: Stop)).Intent);
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => classifier.ClassifyAsync(Text, cancellationToken: Stop));
    }

    [Fact]
    public async Task A_start_that_is_cancelled_frees_what_was_loaded()
    {
        var host = HostOf(services => services.AddIntentClassifier(Embedded));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.StartAsync(new(canceled: true)));
        var loading = host.Services.GetRequiredService<RegisteredClassifier>().Load();
        host.Dispose();

        Assert.True(loading.IsCompleted);
        if (loading.IsCompletedSuccessfully)
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await (await loading).ClassifyAsync(Text, null, null, Stop));
    }

    [Fact]
    public async Task Metrics_go_to_the_containers_meters()
    {
        using var host = HostOf(services => services.AddIntentClassifier(Embedded));
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        var questions = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "finintent.classify.questions")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref questions, count));
        listener.Start();

        await host.StartAsync(Stop);
        await host.Services.GetRequiredService<IntentClassifier>().ClassifyAsync([Text, "怎么开户"], cancellationToken: Stop);

        Assert.Equal(2, questions);
    }
}
