namespace FinIntent.Settings;

/// <summary>The key of a property whose name in snake_case is not the key.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
sealed class KeyAttribute(string name) : Attribute
{
    public string Name => name;
}
