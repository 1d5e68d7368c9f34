using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// The turns that one player sends in one game. Sender and receiver each update their own half; the last to leave
/// compares the halves.
/// </summary>
internal sealed class TurnStream(long id, int sender, int? pool, long? partner)
{
    private int _sent;
    private int _accepted;
    private int _refused;
    private int _parties = 2;
    private volatile bool _isRefused;

    public long Id { get; } = id;

    /// <summary>The number of the player that sends it.</summary>
    public int Sender { get; } = sender;

    /// <summary>The number of that player's pool; null if it names none.</summary>
    public int? Pool { get; } = pool;

    /// <summary>The stream of the partner that this player has named; null if it takes any.</summary>
    public long? Partner { get; } = partner;

    /// <summary>
    /// How many of its turns must arrive, counted from the first: all sent turns without those that the server refused;
    /// if the server refused the rest of the game, only those that it is known to have accepted.
    /// </summary>
    public int Expected => _isRefused ? Accepted : Sent - Volatile.Read(ref _refused);

    public int Sent => Volatile.Read(ref _sent);

    /// <summary>How many turns, counted from the first, the server is known to have accepted.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>The receiver's half.</summary>
    public TurnChecker Checker { get; } = new(id);

    /// <summary>The number of the player that receives it; null until one does.</summary>
    public int? Receiver { get; set; }

    public void CountSent() => Interlocked.Increment(ref _sent);

    /// <summary>The server has accepted this turn, and so all before it.</summary>
    public void CountAccepted(long number)
    {
        var accepted = (int)number + 1;
        for (var before = Accepted; before < accepted;)
            before = Interlocked.CompareExchange(ref _accepted, accepted, before);
    }

    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>The server refused the rest of the game: posted turns may or may not have been accepted.</summary>
    public void EndRefused() => _isRefused = true;

    /// <summary>One party is done with it; true for the second.</summary>
    public bool Leave() => Interlocked.Decrement(ref _parties) == 0;
}

/// <summary>A turn of a load test, with all that its receiver needs to check it.</summary>
/// <param name="IsLast">Whether its sender sends no more in this game.</param>
/// <param name="Stream">The <see cref="TurnStream"/>.</param>
/// <param name="Number">Counted from 0 in each stream.</param>
/// <param name="DueAt">When it was due to be sent, in Stopwatch ticks.</param>
internal readonly record struct TestTurn(bool IsLast, long Stream, long Number, long DueAt)
{
    private const byte Separator = (byte)',';

    /// <summary>Such as <c>T,17,4,812044123</c>; the last turn of a game begins with F.</summary>
    public byte[] Compose() => Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{(IsLast ? 'F' : 'T')},{Stream},{Number},{DueAt}"));

    public static bool TryParse(ReadOnlySpan<byte> text, out TestTurn turn)
    {
        turn = default;
        if (text is not [(byte)'T' or (byte)'F', Separator, ..])
            return false;
        var isLast = text[0] == (byte)'F';
        text = text[1..];
        if (!TryTake(ref text, out var stream) || !TryTake(ref text, out var number)
            || !TryTake(ref text, out var dueAt) || text.Length > 0)
        {
            return false;
        }

        turn = new TestTurn(isLast, stream, number, dueAt);
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text is not [Separator, >= (byte)'0' and <= (byte)'9', ..]
            || !Utf8Parser.TryParse(text[1..], out number, out var length))
        {
            return false;
        }

        text = text[(length + 1)..];
        return true;
    }
}

/// <summary>
/// Checks that the turns of one stream arrive once and in order. Each violation is reported once: of an overtaken turn
/// when it arrives, of a lost one at the end. For the receiver's thread alone.
/// </summary>
internal sealed class TurnChecker(long stream)
{
    // Turns that later ones have overtaken and that have not arrived.
    private readonly SortedSet<long> _overtaken = [];
    private long _next;

    /// <summary>Number of different turns that have arrived.</summary>
    public long Arrived => _next - _overtaken.Count;

    /// <summary>The number after the highest that has arrived.</summary>
    public long Next => _next;

    /// <summary>Whether the last turn of the stream has arrived.</summary>
    public bool HasLast { get; private set; }

    /// <summary>Checks a turn that has arrived.</summary>
    /// <returns>Null, or what is wrong with it, to follow "turn 5 of …".</returns>
    public string? Check(in TestTurn turn)
    {
        if (turn.Stream != stream)
            return "was given to the wrong game";
        if (turn.Number < _next)
        {
            return _overtaken.Remove(turn.Number)
                ? $"arrived out of order, after turn {_next - 1}"
                : "arrived twice";
        }

        // A number this high is garbage.
        if (turn.Number - _next > short.MaxValue)
            return $"arrived where turn {_next} was due";
        while (_next < turn.Number)
            _overtaken.Add(_next++);
        _next++;
        HasLast |= turn.IsLast;
        return null;
    }

    /// <summary>The turns that have not arrived: overtaken ones, and those up to the expected number.</summary>
    public IEnumerable<long> Missing(long expected)
    {
        foreach (var number in _overtaken)
            yield return number;
        for (var number = _next; number < expected; number++)
            yield return number;
    }
}
