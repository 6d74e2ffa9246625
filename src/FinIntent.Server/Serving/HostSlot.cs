using FinIntent.Server.Errors;

namespace FinIntent.Server.Serving;

/// <summary>Holds the model's host from the moment that it is loaded and warm.</summary>
sealed class HostSlot
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    volatile ModelHost? _host;

    /// <summary>The host; null while the model is being loaded.</summary>
    public ModelHost? Current => _host;

    /// <summary>Says whether requests are answered.</summary>
    public bool IsReady => _host is { Admission.IsDraining: false };

    public void Set(ModelHost host) => _host = host;

    /// <exception cref="ServerError">503: the model is being loaded.</exception>
    public ModelHost Required => _host ?? throw new ServerError(503, "the model is being loaded; ask again",
        "starting")
    { RetryAfter = Soon };
}
