using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace FinIntent.Tests.Architecture;

/// <summary>Writes the public members of a type as lines that a person can approve.</summary>
static partial class PublicApi
{
    const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly NullabilityInfoContext Nullability = new();

    public static string Describe(Type type)
    {
        var text = new StringBuilder($"{Kind(type)} {type.Namespace}.{Name(type)}");
        if (!type.IsEnum && Parents(type).ToList() is { Count: > 0 } parents) text.Append($" : {string.Join(", ", parents)}");
        text.Append('\n');
        foreach (var line in Members(type).Order(StringComparer.Ordinal)) text.Append($"    {line}\n");
        return text.Append('\n').ToString();
    }

    static IEnumerable<string> Parents(Type type)
    {
        var parent = type.BaseType == typeof(object) || type.BaseType == typeof(ValueType) ? null : type.BaseType;
        if (parent is not null) yield return Name(parent);
        var interfaces = type.GetInterfaces().Except(parent?.GetInterfaces() ?? []).Where(i => i.IsPublic);
        foreach (var name in interfaces.Select(Name).Order(StringComparer.Ordinal)) yield return name;
    }

    /// <summary>Returns the names of a public method's parameters by its id in the XML comments; none where it is not public.</summary>
    public static IReadOnlyList<string> ParametersOf(IEnumerable<Type> types, string id)
    {
        var name = id[2..id.IndexOf('(', StringComparison.Ordinal)];
        var written = TopLevel().Split(id[(name.Length + 3)..^1]);
        var methods = types.SelectMany(t => t.GetMembers(Own).OfType<MethodBase>().Where(IsVisible)
            .Where(m => $"{t.FullName}.{(m is ConstructorInfo ? "#ctor" : m.Name)}" == name.Split("``")[0]));
        var method = methods.FirstOrDefault(m => m.GetParameters() is { } all && all.Length == written.Length
            && all.Zip(written).All(pair => IsWritten(pair.First.ParameterType, pair.Second)));
        return [.. method?.GetParameters().Select(p => p.Name!) ?? []];
    }

    /// <summary>Says whether an id's text may mean a type; a generic type's arguments are not looked at.</summary>
    static bool IsWritten(Type type, string text) =>
        type.FullName is not { } name || name.Split('`')[0].Replace('+', '.') == text.Split('{')[0].TrimEnd('@');

    /// <summary>The commas between parameters, but not those between a generic type's arguments.</summary>
    [GeneratedRegex(@",(?![^{]*\})")]
    private static partial Regex TopLevel();

    static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum) return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}");
        // What the compiler writes for a record is no choice of ours.
        return type.GetMembers(Own).Where(m => !m.IsDefined(typeof(CompilerGeneratedAttribute))).Select(Line).OfType<string>();
    }

    static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo c when IsVisible(c) && !c.IsStatic => $"new({Parameters(c)})",
        MethodInfo m when IsVisible(m) && !m.IsSpecialName =>
            $"{Static(m)}{Typed(m.ReturnParameter)} {m.Name}{Generic(m)}({Parameters(m)})",
        PropertyInfo p when (p.GetMethod ?? p.SetMethod)! is var accessor && IsVisible(accessor) =>
            $"{Static(accessor)}{Name(p.PropertyType)}{Mark(Nullability.Create(p))} {p.Name} {{ {Accessors(p)}}}",
        FieldInfo { IsPublic: true } f => $"{(f.IsLiteral ? "const " : f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
        EventInfo e when IsVisible(e.AddMethod!) => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => null,
    };

    static string Accessors(PropertyInfo p)
    {
        var isInit = p.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Any(m => m.Name == "IsExternalInit") == true;
        var written = isInit ? "init; " : "set; ";
        return (p.GetMethod is { } get && IsVisible(get) ? "get; " : "") + (p.SetMethod is { } set && IsVisible(set) ? written : "");
    }

    static bool IsVisible(MethodBase m) => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly;

    static string Static(MethodBase m) => m.IsStatic ? "static " : "";

    static string Generic(MethodInfo m) => m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(Name))}>" : "";

    static string Parameters(MethodBase m) => string.Join(", ", m.GetParameters().Select(p =>
        $"{Typed(p)} {p.Name}{(p.HasDefaultValue ? $" = {p.DefaultValue ?? "default"}" : "")}"));

    static string Typed(ParameterInfo p) => Name(p.ParameterType) + Mark(Nullability.Create(p));

    static string Mark(NullabilityInfo info) => info.ReadState == NullabilityState.Nullable && !info.Type.IsValueType ? "?" : "";

    static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } value) return Name(value) + "?";
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (!type.IsGenericType) return type.Name;
        return $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
