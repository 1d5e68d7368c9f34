using System.Collections;
using System.Reflection;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Compares two tables by walking every field of every object in them, and records the values of each field: a field
/// that has had only one value is untested.
/// </summary>
internal sealed class TableComparison
{
    /// <summary>Fields that are not compared directly, with the reason.</summary>
    private static readonly Dictionary<string, string> Excluded = new()
    {
        ["Responder._answers"] = "result of the last step",
        ["Responder.ChangedNothing"] = "result of the last step",
        ["KeyAllocator._drawn"] = "result of the last step",
        ["Table._toHandOut"] = "not part of the state: a new owner sends what is not acknowledged",
        ["ShardChannel.toHandOut"] = "the same",
        ["ShardChannel.HandedOut"] = "the same",
        ["Lobby._exclusionEnded"] = "empty between steps",
        ["Deadlines._heap"] = "has spare capacity; its entries are compared",
        ["Backlog._buffer"] = "has spare capacity; its content is compared",
        ["Backlog._start"] = "offset in the buffer; its content is compared",
        ["WaitingQueue._first"] = "all who wait stand in one list afterwards; their order is compared",
        ["WaitingQueue._last"] = "the same",
        ["WaitingQueue._returned"] = "the same",
        ["Player.Ahead"] = "the same",
        ["Player.Behind"] = "the same",
        ["RemoteGames._asked"] = "requests, none of which survives its server",
    };

    // Passed in from outside; not part of the state.
    private static readonly Type[] Dependencies = [typeof(RulesOptions), typeof(IKeySource)];

    private readonly Dictionary<FieldInfo, HashSet<object>> _seen = [];
    private readonly HashSet<object> _walked = new(ReferenceEqualityComparer.Instance);

    /// <summary>The fields with fewer than two different values so far.</summary>
    public IEnumerable<string> Untested => _seen.Where(seen => seen.Value.Count < 2 && !IsRequired(seen.Key))
        .Select(seen => Fields.Name(seen.Key)).Distinct().Order();

    /// <summary>Excluded fields that do not exist.</summary>
    public IEnumerable<string> UnusedExclusions => Excluded.Keys.Except(_seen.Keys.Select(Fields.Name));

    /// <summary>The first difference between two tables; null if they are equal.</summary>
    public string? Difference(Table one, Table other)
    {
        _walked.Clear();
        return Walk(one, other, "table");
    }

    // Excluded, or a non-nullable reference: it cannot have two values.
    private static bool IsRequired(FieldInfo field) => Excluded.ContainsKey(Fields.Name(field))
        || (!field.FieldType.IsValueType && field.FieldType != typeof(string)
            && new NullabilityInfoContext().Create(field).ReadState != NullabilityState.Nullable);

    private string? Walk(object? one, object? other, string path)
    {
        if (one is null || other is null || one.GetType() != other.GetType())
            return ReferenceEquals(one, other) ? null : $"{path}: {one ?? "null"} and {other ?? "null"}";
        if (!one.GetType().IsValueType && one is not string && !_walked.Add(one))
            return null;
        return one switch
        {
            IDictionary all => WalkAll(all, (IDictionary)other, path),
            string => one.Equals(other) ? null : $"{path}: {one} and {other}",
            IEnumerable all => WalkAll(all.Cast<object>(), ((IEnumerable)other).Cast<object>(), path),
            _ when !Fields.IsOurs(one.GetType()) => one.Equals(other) ? null : $"{path}: {one} and {other}",
            _ => WalkFields(one, other, path),
        };
    }

    private string? WalkFields(object one, object other, string path)
    {
        foreach (var field in Fields.Of(one.GetType()))
        {
            if (typeof(Delegate).IsAssignableFrom(field.FieldType) || Dependencies.Contains(field.FieldType))
                continue;
            var (value, its) = (field.GetValue(one), field.GetValue(other));
            Note(field, value);
            if (Excluded.ContainsKey(Fields.Name(field)))
                continue;
            if (Walk(value, its, $"{path}/{Fields.Name(field)}") is { } difference)
                return difference;
        }

        return Walk(Essence(one), Essence(other), $"{path} as a whole");
    }

    // What counts of the excluded fields.
    private static object? Essence(object whole) => whole switch
    {
        Deadlines deadlines => Enumerable.Range(0, deadlines.Count)
            .Select(i => deadlines[i])
            .Select(entry => (entry.At, (entry.Participant as Player)?.Key, (entry.Participant as Seat)?.Key))
            .ToArray(),
        Backlog backlog => Convert.ToHexString(backlog.All.Span),
        Lobby lobby => lobby.Players.Where(player => player.Status == PlayerStatus.Waiting)
            .OrderBy(player => player.Order).Select(player => (player.Key, Next(lobby, player))).ToArray(),
        _ => null,
    };

    // The partner that it would get: the effect of the queue's order.
    private static ulong? Next(Lobby lobby, Player player) => ((WaitingQueues)typeof(Lobby)
        .GetField("_queues", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(lobby)!)
        .FindPartnerFor(player, TimeSpan.Zero)?.Key;

    private string? WalkAll(IDictionary all, IDictionary others, string path)
    {
        if (all.Count != others.Count)
            return $"{path}: {all.Count} and {others.Count}";
        foreach (DictionaryEntry entry in all)
        {
            if (!others.Contains(entry.Key))
                return $"{path}: {entry.Key} in the first only";
            if (Walk(entry.Value, others[entry.Key], $"{path}[{entry.Key}]") is { } difference)
                return difference;
        }

        return null;
    }

    private string? WalkAll(IEnumerable<object> all, IEnumerable<object> others, string path)
    {
        var (one, other) = (all.ToArray(), others.ToArray());
        if (one.Length != other.Length)
            return $"{path}: {one.Length} and {other.Length}";
        return one.Zip(other).Select((pair, i) => Walk(pair.First, pair.Second, $"{path}[{i}]"))
            .FirstOrDefault(difference => difference is not null);
    }

    private void Note(FieldInfo field, object? value)
    {
        if (!_seen.TryGetValue(field, out var seen))
            _seen.Add(field, seen = []);
        if (seen.Count == 2)
            return;
        seen.Add(value switch
        {
            null => "null",
            string or ValueType => value,
            _ => "an object",
        });
    }
}
