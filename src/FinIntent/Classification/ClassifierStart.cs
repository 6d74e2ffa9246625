using Microsoft.Extensions.Hosting;

namespace FinIntent.Classification;

/// <summary>Loads a container's classifier before the host's services start, so that a server accepts no call that would wait, and a
/// program that cannot load its model ends at once.</summary>
sealed class ClassifierStart(RegisteredClassifier classifier) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => classifier.Load().WaitAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
