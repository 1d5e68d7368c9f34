using System.Globalization;
using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>
/// What PROTOCOL.md says, the simple way: two lists, searched from the front. It says of each request which reply is
/// right, and of each held one when it ends. Where the page leaves the server a choice (which key; which of two things
/// that fall due together comes first; which of two limits is named) it looks at what the server did and follows, if
/// that was one of the things allowed.
/// </summary>
internal sealed partial class ModelTable(RulesOptions limits)
{
    private readonly List<ModelPlayer> _players = [];
    private readonly List<ModelSeat> _seats = [];
    private readonly Dictionary<long, byte[]> _expected = [];
    private readonly long[] _drops = new long[6];
    private IReadOnlyDictionary<long, byte[]> _actual = new Dictionary<long, byte[]>();
    private TimeSpan _now = TimeSpan.MinValue;
    private long _registrations;
    private long _gamesStarted;
    private long _turns;
    private long _turnBytes;

    /// <summary>The replies that are right since the batch began; a ticket that is not here is held.</summary>
    public IReadOnlyDictionary<long, byte[]> Expected => _expected;

    public bool IsEmpty => _players.Count == 0 && _seats.Count == 0;

    /// <summary>When something is due, be it that an exclusion ends; null when nothing is.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            TimeSpan? next = null;
            foreach (var player in _players)
            {
                if (player.Step != ModelStep.Playing && !(player.DueAt >= next))
                    next = player.DueAt;
                foreach (var left in player.LeftBy)
                {
                    if (player.Step == ModelStep.Waiting && !(left.Until >= next))
                        next = left.Until;
                }
            }

            foreach (var seat in _seats)
            {
                if (!seat.HasLeft && !(seat.DueAt >= next))
                    next = seat.DueAt;
            }

            return next;
        }
    }

    /// <summary>Begins a step in which the server gave these replies.</summary>
    public void Begin(IReadOnlyDictionary<long, byte[]> actual)
    {
        _actual = actual;
        _expected.Clear();
    }

    /// <summary>Takes one well-formed request.</summary>
    public void Take(Request request, bool mayHold, TimeSpan now)
    {
        Advance(now);
        var wait = mayHold ? request.Wait : TimeSpan.Zero;
        switch (request.Symbol)
        {
            case Symbol.Register: Register(request); break;
            case Symbol.GameQuit: Quit(request); break;
            case Symbol.GameUpdate: Update(request, wait); break;
            default: TakeFromPlayer(request, wait); break;
        }
    }

    /// <summary>
    /// Lets time pass. Of those due together, one whose held reply the server ended as it stood was first; then those
    /// who were silent too long are dropped, which is news to their partners. Exclusions end last.
    /// </summary>
    public void Advance(TimeSpan now)
    {
        if (now > _now)
            _now = now;
        if (!(NextDue <= _now))
            return;
        foreach (var one in Everyone().Where(IsDue).Where(one => one.IsHeld).ToList())
        {
            if (_actual.TryGetValue(one.HeldTicket, out var reply) && reply.AsSpan().SequenceEqual(one.HeldReply))
                EndHeld(one);
        }

        foreach (var one in Everyone().Where(IsDue).Where(one => !one.IsHeld).ToList())
            FallSilent(one);
        foreach (var one in Everyone().Where(IsDue).Where(one => one.IsHeld).ToList())
            EndHeld(one);
        EndExclusions();
    }

    /// <summary>
    /// The server could hear nobody for a while: no deadline of silence comes before it has been as long again since,
    /// or the time of grace, whichever is shorter. One that is further away than that stays.
    /// </summary>
    public void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        foreach (var one in Everyone().Where(one => !one.IsHeld))
        {
            var graceUntil = now + suspension.Grace;
            if (one.DueAt >= graceUntil)
                continue;
            one.HeardAt += suspension.Gap;
            if (one.DueAt > graceUntil)
                one.HeardAt = graceUntil - one.Patience;
        }

        Advance(now);
    }

    /// <summary>Ends every held reply as it stands.</summary>
    public void ReleaseAll(TimeSpan now)
    {
        Advance(now);
        foreach (var one in Everyone())
            EndHeld(one);
    }

    /// <summary>The server has started again: it holds nothing, and drops nobody for its own absence.</summary>
    public void Restart(Recovery recovery)
    {
        foreach (var one in Everyone())
        {
            if (one.IsHeld && recovery.HeldHeardAt > one.HeardAt)
                one.HeardAt = recovery.HeldHeardAt;
            one.HeldTicket = 0;
            // The time it was away is nobody's silence; and then there is the time of grace.
            one.HeardAt += recovery.Away;
            if (one.DueAt < recovery.GraceUntil)
                one.HeardAt = recovery.GraceUntil - one.Patience;
        }

        foreach (var player in _players)
        {
            for (var i = 0; i < player.LeftBy.Count; i++)
                player.LeftBy[i] = player.LeftBy[i] with { Until = player.LeftBy[i].Until + recovery.Away };
        }
    }

    /// <summary>What the server must count. Null when it does.</summary>
    public string? FaultOf(TableStatistics figures)
    {
        for (var step = 0; step < figures.PlayersByStatus.Count; step++)
        {
            var count = 0;
            foreach (var player in _players)
                count += (int)player.Step == step ? 1 : 0;
            if (figures.PlayersByStatus[step] != count)
                return Text($"{count} players {(ModelStep)step}, not {figures.PlayersByStatus[step]}");
        }

        for (var cause = 0; cause < _drops.Length; cause++)
        {
            if (figures.DropsByCause[cause] != _drops[cause])
                return Text($"{_drops[cause]} dropped {(DropCause)cause}, not {figures.DropsByCause[cause]}");
        }

        var bytes = 0L;
        foreach (var seat in _seats)
            bytes += seat.Bytes;
        return Unequal("games", _seats.Count / 2, figures.Games)
            ?? Unequal("bytes in backlogs", bytes, figures.BacklogBytes)
            ?? Unequal("registrations", _registrations, figures.Registrations)
            ?? Unequal("games started", _gamesStarted, figures.GamesStarted)
            ?? Unequal("turns", _turns, figures.Turns)
            ?? Unequal("bytes of turns", _turnBytes, figures.TurnBytes);
    }

    private static string? Unequal(string what, long expected, long came) =>
        expected == came ? null : Text($"{expected} {what}, not {came}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private bool IsDue(ModelOne one) => one.DueAt <= _now;

    private IEnumerable<ModelOne> Everyone()
    {
        foreach (var player in _players)
        {
            if (player.Step != ModelStep.Playing)
                yield return player;
        }

        foreach (var seat in _seats)
        {
            if (!seat.HasLeft)
                yield return seat;
        }
    }

    private void FallSilent(ModelOne one)
    {
        // News may have come to it from one that was dropped before it.
        if (!IsDue(one) || one.IsHeld)
            return;
        if (one is ModelSeat seat)
            Leave(seat, hasQuit: false);
        else if (one is ModelPlayer player && _players.Contains(player))
            Drop(player, player.Step == ModelStep.Waiting ? DropCause.SilentWaiting : DropCause.SilentLoading);
    }

    private void Say(long ticket, byte[] reply) => _expected.Add(ticket, reply);

    private void SayOrHold(long ticket, ModelOne one, byte[] reply, TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
        {
            Say(ticket, reply);
            return;
        }

        (one.HeldTicket, one.HeldReply, one.HeldUntil) = (ticket, reply, _now + wait);
    }

    // While a reply is held its player counts as heard from.
    private void EndHeld(ModelOne one, byte[]? news = null)
    {
        if (!one.IsHeld)
            return;
        Say(one.HeldTicket, news ?? one.HeldReply);
        one.HeldTicket = 0;
        Hear(one);
    }

    private void Hear(ModelOne one)
    {
        EndHeld(one);
        // After a restart time was given in advance.
        if (_now > one.HeardAt)
            one.HeardAt = _now;
    }

    // The key that the server drew, if it may have: a number below 2⁵³, in use by no other of its kind. A reply that a
    // crash swallowed leaves it unknown until it is said again.
    private ulong LearnKey(ModelOne one, long ticket, string before, string after)
    {
        if (one.Key != ulong.MaxValue || !_actual.TryGetValue(ticket, out var bytes))
            return one.Key;
        var reply = Encoding.UTF8.GetString(bytes);
        if (!reply.StartsWith(before, StringComparison.Ordinal) || !reply.EndsWith(after, StringComparison.Ordinal)
            || !ulong.TryParse(reply.AsSpan()[before.Length..^after.Length], NumberStyles.None,
                CultureInfo.InvariantCulture, out var key)
            || key >= 1UL << 53)
        {
            return one.Key;
        }

        var isTaken = one is ModelPlayer ? _players.Exists(player => player.Key == key)
            : _seats.Exists(seat => seat.Key == key);
        return isTaken ? one.Key : key;
    }
}

/// <summary>What a server that has started again kept.</summary>
/// <param name="Survivors">
/// How many of the well-formed requests that were handed in and not yet settled are on record, in order; they count as
/// taken, and their replies are lost.
/// </param>
/// <param name="HeldHeardAt">Until when those whose replies were held count as heard from.</param>
/// <param name="Away">For how long it was away, from the last that is on record on.</param>
/// <param name="GraceUntil">Nobody is dropped before this, but for those who are heard from again.</param>
internal readonly record struct Recovery(int Survivors, TimeSpan HeldHeardAt, TimeSpan Away, TimeSpan GraceUntil);
