using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Checks every turn of a load test and collects violations. A stream is the turns that one player sends in one game;
/// the player's name contains its id, so that the partner knows which stream it will receive.
/// </summary>
/// <param name="prefix">Prefix of the names of this test's players and pools.</param>
internal sealed class TurnLedger(string prefix)
{
    private const int ViolationsMax = 20;

    private readonly ConcurrentDictionary<long, TurnStream> _open = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private long _lastId;
    private long _violationCount;
    private long _wrongPartners;
    private long _pairingsChecked;

    /// <summary>Messages for the first 20 violations.</summary>
    public IReadOnlyList<string> Violations => [.. _violations.Take(ViolationsMax)];

    public long ViolationCount => Interlocked.Read(ref _violationCount);

    /// <summary>How many violations were wrong partners.</summary>
    public long WrongPartners => Interlocked.Read(ref _wrongPartners);

    /// <summary>How many times a player's partner was checked.</summary>
    public long PairingsChecked => Interlocked.Read(ref _pairingsChecked);

    /// <summary>Draws consecutive ids for new streams; returns the first.</summary>
    public long DrawIds(int count) => Interlocked.Add(ref _lastId, count) - count + 1;

    /// <summary>The name of the player that sends this stream.</summary>
    public string NameOf(long id) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{id}");

    /// <summary>The name of a pool, so that tests on the same server have pools of their own.</summary>
    public string PoolNameOf(int pool) => string.Create(CultureInfo.InvariantCulture, $"{prefix}pool{pool}");

    /// <summary>Opens the stream of a player that is about to register.</summary>
    /// <param name="id">See <see cref="DrawIds"/>.</param>
    /// <param name="sender">The player's number.</param>
    /// <param name="pool">Its pool; null if it names none.</param>
    /// <param name="partner">The stream of the partner that it names; null if it takes any.</param>
    public TurnStream Open(long id, int sender, int? pool = null, long? partner = null)
    {
        var stream = new TurnStream(id, sender, pool, partner);
        _open[id] = stream;
        return stream;
    }

    /// <summary>The open stream that the player of this name sends; null if there is none in this test.</summary>
    public TurnStream? Find(string name) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? _open.GetValueOrDefault(id)
            : null;

    /// <summary>
    /// Checks that a player and the partner it was given are of the same pool, and that neither has named another.
    /// </summary>
    public void CheckPairing(TurnStream own, TurnStream partners)
    {
        Interlocked.Increment(ref _pairingsChecked);
        var fault = own.Pool != partners.Pool
            ? $"{Describe(own)} of pool {own.Pool} was paired with {Describe(partners)} of pool {partners.Pool}"
            : own.Partner is { } named && named != partners.Id
                ? $"{Describe(own)} named {NameOf(named)} and was paired with {Describe(partners)}"
            : partners.Partner is { } other && other != own.Id
                ? $"{Describe(own)} was paired with {Describe(partners)}, who named {NameOf(other)}"
            : null;
        if (fault is null)
            return;
        Interlocked.Increment(ref _wrongPartners);
        Report(fault);
    }

    /// <summary>Makes this player the receiver of a stream.</summary>
    public void SetReceiver(TurnStream stream, int receiver)
    {
        if (stream.Receiver is { } other)
            Report($"{Describe(stream)} was paired with player {other} and with player {receiver}");
        stream.Receiver = receiver;
    }

    /// <summary>Checks a turn that has arrived in the game of this stream.</summary>
    /// <returns>The turn, if it arrives for the first time; else null.</returns>
    public TestTurn? Check(TurnStream stream, int receiver, ReadOnlySpan<byte> text)
    {
        if (!TestTurn.TryParse(text, out var turn))
        {
            var start = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)]);
            Report($"player {receiver} received \"{start}\", which no player sent");
            return null;
        }

        var arrived = stream.Checker.Arrived;
        if (stream.Checker.Check(turn) is { } fault)
            Report($"turn {turn.Number} of {Describe(turn.Stream)} {fault}: player {receiver} received it");
        return stream.Checker.Arrived > arrived ? turn : null;
    }

    /// <summary>The sender or the receiver is done with the stream.</summary>
    public void Leave(TurnStream stream)
    {
        if (stream.Leave())
            CloseAndReport(stream);
    }

    /// <summary>Closes a stream in which nothing was sent.</summary>
    public void Discard(TurnStream stream) => _open.TryRemove(stream.Id, out _);

    /// <summary>Closes the streams that are still open at the end, as when both players have left.</summary>
    public void CloseAll()
    {
        foreach (var stream in _open.Values)
            CloseAndReport(stream);
    }

    // Closes a stream and reports its missing turns.
    private void CloseAndReport(TurnStream stream)
    {
        _open.TryRemove(stream.Id, out _);
        var receiver = stream.Receiver is { } number ? $"player {number}" : "any player";
        foreach (var missing in stream.Checker.Missing(stream.Expected))
        {
            Report($"turn {missing} of {Describe(stream)} never arrived at {receiver}: "
                + (missing < stream.Accepted
                    ? "the server accepted it" : "it is unknown whether the server accepted it"));
        }

        if (stream.Checker.Next > stream.Sent)
            Report($"turn {stream.Checker.Next - 1} of {Describe(stream)} arrived at {receiver}, but was never sent");
    }

    private string Describe(long id) =>
        _open.TryGetValue(id, out var stream) ? Describe(stream) : $"stream {NameOf(id)}, which is closed or unknown,";

    private string Describe(TurnStream stream) => $"player {stream.Sender} (stream {NameOf(stream.Id)})";

    private void Report(string violation)
    {
        if (Interlocked.Increment(ref _violationCount) <= ViolationsMax)
            _violations.Enqueue(violation);
    }
}
