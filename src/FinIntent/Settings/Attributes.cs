namespace FinIntent.Settings;

/// <summary>The key of a property whose name in snake_case is not the key.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
sealed class KeyAttribute(string name) : Attribute
{
    public string Name => name;
}

/// <summary>A value LLaMA-Factory has and we do not; the reason says what to do instead.</summary>
[AttributeUsage(AttributeTargets.Field)]
sealed class RefusedAttribute(string reason) : Attribute
{
    public string Reason => reason;
}
