namespace FinIntent.Settings;

/// <summary>The key of a property, or the name of a value, that is not its name in snake_case.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
sealed class KeyAttribute(string name) : Attribute
{
    public string Name => name;

    /// <summary>The name that a value had in earlier versions of LLaMA-Factory; null when it had no other.</summary>
    public string? Formerly { get; init; }
}
