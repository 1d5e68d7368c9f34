using System.Collections;
using System.Reflection;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Reflection over the fields of this project's types, for tests that must cover every field, including future ones.
/// Auto-properties are seen as their backing fields.
/// </summary>
internal static class Fields
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Whether a type is one of this project's, whose fields are walked.</summary>
    public static bool IsOurs(Type type) => !type.IsEnum && !type.IsArray && !type.IsInterface
        && !typeof(Delegate).IsAssignableFrom(type)
        && (type.Namespace?.StartsWith("TurnServer.", StringComparison.Ordinal) ?? false);

    /// <summary>All fields of a type, including inherited ones.</summary>
    public static IEnumerable<FieldInfo> Of(Type type)
    {
        for (var one = type; one is not null && one != typeof(object) && one != typeof(ValueType); one = one.BaseType)
        {
            foreach (var field in one.GetFields(Declared))
                yield return field;
        }
    }

    /// <summary>Type and field, or the property or parameter behind a generated field.</summary>
    public static string Name(FieldInfo field)
    {
        var name = field.Name;
        return $"{field.DeclaringType!.Name}.{(name[0] == '<' ? name[1..name.IndexOf('>', StringComparison.Ordinal)]
            : name)}";
    }

    /// <summary>A different value of the same type.</summary>
    public static object Change(Type type, object? value)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            _ when type == typeof(bool) => value is not true,
            _ when type == typeof(string) => $"{value}other",
            _ when type == typeof(Guid) => Guid.NewGuid(),
            _ when type == typeof(TimeSpan) => ((TimeSpan?)value ?? TimeSpan.Zero) + TimeSpan.FromSeconds(1.5),
            _ when type == typeof(UInt128) => ((UInt128?)value ?? 0) + 3,
            _ when type.IsEnum => Enum.GetValues(type).Cast<object>().First(one => !one.Equals(value)),
            _ when type.IsPrimitive => Convert.ChangeType(Convert.ToDecimal(value ?? 0,
                System.Globalization.CultureInfo.InvariantCulture) + 3, type,
                System.Globalization.CultureInfo.InvariantCulture),
            Array array => ChangeArray(array),
            _ when IsOurs(type) => ChangeAll(value ?? Activator.CreateInstance(type)!),
            _ => throw new NotSupportedException($"Add a different value for {type} here."),
        };
    }

    /// <summary>Gives every field a different value, in place. A struct is changed in its box.</summary>
    public static object ChangeAll(object whole, Func<FieldInfo, bool>? which = null)
    {
        foreach (var field in Of(whole.GetType()).Where(which ?? (_ => true)))
            field.SetValue(whole, Change(field.FieldType, field.GetValue(whole)));
        return whole;
    }

    /// <summary>The first field in which two objects differ; null if they are equal in every field.</summary>
    public static string? Difference(object? one, object? other, string path = "")
    {
        if (one is null || other is null || one.GetType() != other.GetType())
            return ReferenceEquals(one, other) ? null : $"{path}: {one ?? "null"} and {other ?? "null"}";
        if (one is ReadOnlyMemory<byte> bytes)
            return bytes.Span.SequenceEqual(((ReadOnlyMemory<byte>)other).Span) ? null : $"{path}: other bytes";
        if (one is Array array)
            return array.Cast<object>().SequenceEqual(((Array)other).Cast<object>()) ? null : $"{path}: other elements";
        if (!IsOurs(one.GetType()))
            return one.Equals(other) ? null : $"{path}: {one} and {other}";
        return Of(one.GetType())
            .Select(field => Difference(field.GetValue(one), field.GetValue(other), $"{path}/{Name(field)}"))
            .FirstOrDefault(difference => difference is not null);
    }

    private static Array ChangeArray(Array array)
    {
        for (var i = 0; i < array.Length; i++)
            array.SetValue(Change(array.GetType().GetElementType()!, array.GetValue(i)), i);
        return array;
    }
}
