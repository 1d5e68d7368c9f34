using System.Collections;
using System.Reflection;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// The fields of our types, for tests that go over all of them: one that is added tomorrow is among them. A property
/// that keeps something is the field behind it.
/// </summary>
internal static class Fields
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Whether we go on to the fields of a type, as it is one of ours.</summary>
    public static bool IsOurs(Type type) => !type.IsEnum && !type.IsArray && !type.IsInterface
        && !typeof(Delegate).IsAssignableFrom(type)
        && (type.Namespace?.StartsWith("TurnServer.", StringComparison.Ordinal) ?? false);

    /// <summary>All fields of a type, inherited ones too.</summary>
    public static IEnumerable<FieldInfo> Of(Type type)
    {
        for (var one = type; one is not null && one != typeof(object) && one != typeof(ValueType); one = one.BaseType)
        {
            foreach (var field in one.GetFields(Declared))
                yield return field;
        }
    }

    /// <summary>A field as people know it: the type, and the property or parameter that it is behind.</summary>
    public static string Name(FieldInfo field)
    {
        var name = field.Name;
        return $"{field.DeclaringType!.Name}.{(name[0] == '<' ? name[1..name.IndexOf('>', StringComparison.Ordinal)]
            : name)}";
    }

    /// <summary>Another value of the same type: one that a forgotten member could not have.</summary>
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
            _ => throw new NotSupportedException($"No other {type} is known. Say one here."),
        };
    }

    /// <summary>Gives every field another value. A struct is changed where it is boxed.</summary>
    public static object ChangeAll(object whole, Func<FieldInfo, bool>? which = null)
    {
        foreach (var field in Of(whole.GetType()).Where(which ?? (_ => true)))
            field.SetValue(whole, Change(field.FieldType, field.GetValue(whole)));
        return whole;
    }

    /// <summary>Whether two of one of our types are the same in every field. Null when they are, or where they are not.
    /// </summary>
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
