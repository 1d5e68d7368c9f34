using System.Collections;
using System.Reflection;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Support;

/// <summary>
/// Walks two tables that should be the same, over every field of every object that they are made of, and notes which
/// values it has seen in which field: one that never had but one value has not been tested.
/// </summary>
internal sealed class TableComparison
{
    /// <summary>Fields that are not compared as they are, each with its reason.</summary>
    private static readonly Dictionary<string, string> Left = new()
    {
        ["Responder._answers"] = "the last step's",
        ["Responder.ChangedNothing"] = "the last step's",
        ["KeyAllocator._drawn"] = "the last step's",
        ["Lobby._exclusionEnded"] = "empty between two steps",
        ["Deadlines._heap"] = "has room to spare; its entries are compared",
        ["Backlog._buffer"] = "has room to spare; its content is compared",
        ["Backlog._start"] = "where in the buffer; its content is compared",
        ["WaitingQueue._first"] = "all who wait stand in one list afterwards; their order is compared",
        ["WaitingQueue._last"] = "the same",
        ["WaitingQueue._returned"] = "the same",
        ["Player.Ahead"] = "the same",
        ["Player.Behind"] = "the same",
    };

    // What is handed in, and no state.
    private static readonly Type[] HandedIn = [typeof(RulesOptions), typeof(IKeySource)];

    private readonly Dictionary<FieldInfo, HashSet<object>> _seen = [];
    private readonly HashSet<object> _walked = new(ReferenceEqualityComparer.Instance);

    /// <summary>The fields in which no two values, or nothing at all, have been seen.</summary>
    public IEnumerable<string> Untested => _seen.Where(seen => seen.Value.Count < 2 && !IsAlwaysThere(seen.Key))
        .Select(seen => Fields.Name(seen.Key)).Distinct().Order();

    /// <summary>Fields that are left out and are not there any more.</summary>
    public IEnumerable<string> UnusedExclusions => Left.Keys.Except(_seen.Keys.Select(Fields.Name));

    /// <summary>Where the two differ; null when they do not.</summary>
    public string? Difference(Table one, Table other)
    {
        _walked.Clear();
        return Walk(one, other, "table");
    }

    // A part that every table has.
    private static bool IsAlwaysThere(FieldInfo field) => Left.ContainsKey(Fields.Name(field))
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
            if (typeof(Delegate).IsAssignableFrom(field.FieldType) || HandedIn.Contains(field.FieldType))
                continue;
            var (value, its) = (field.GetValue(one), field.GetValue(other));
            Note(field, value);
            if (Left.ContainsKey(Fields.Name(field)))
                continue;
            if (Walk(value, its, $"{path}/{Fields.Name(field)}") is { } difference)
                return difference;
        }

        return Walk(Instead(one), Instead(other), $"{path} as a whole");
    }

    // Of what has been left out, that which counts.
    private static object? Instead(object whole) => whole switch
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

    // Whom it would be paired with: what the order of the line comes to.
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
                return $"{path}: {entry.Key} in one alone";
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
            null => "nothing",
            string or ValueType => value,
            _ => "something",
        });
    }
}
