namespace FinIntent.Server;

/// <summary>Says how the server listens and how much it takes.</summary>
sealed record ServeOptions
{
}
