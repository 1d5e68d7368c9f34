using System.Globalization;
using System.Text;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>
/// A second, simple implementation of PROTOCOL.md: two lists, searched linearly. It computes the expected reply to each
/// request, and when each held reply ends. Where the protocol leaves a choice (the key drawn, the order of simultaneous
/// timeouts, which of two limits is named), it follows the server's actual reply if that is allowed.
/// </summary>
internal sealed partial class ModelTable(RulesOptions limits)
{
    private readonly List<ModelPlayer> _players = [];
    private readonly List<ModelSeat> _seats = [];
    private readonly Dictionary<long, byte[]> _expected = [];
    private readonly Dictionary<long, string> _headers = [];
    private readonly long[] _drops = new long[6];
    private IReadOnlyDictionary<long, byte[]> _actual = new Dictionary<long, byte[]>();
    private TimeSpan _now = TimeSpan.MinValue;
    private long _registrations;
    private long _gamesStarted;
    private long _turns;
    private long _turnBytes;

    /// <summary>The expected replies of this batch by ticket; other open requests are held.</summary>
    public IReadOnlyDictionary<long, byte[]> Expected => _expected;

    public bool IsEmpty => _players.Count == 0 && _seats.Count == 0;

    /// <summary>The next timeout, end of a hold or end of an exclusion; null if there is none.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            TimeSpan? next = null;
            foreach (var player in _players)
            {
                if (player.Status != ModelStatus.Playing && !(player.DueAt >= next))
                    next = player.DueAt;
                foreach (var left in player.Exclusions)
                {
                    if (player.Status == ModelStatus.Waiting && !(left.Until >= next))
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

    /// <summary>Begins a batch to which the server gave these replies.</summary>
    public void Begin(IReadOnlyDictionary<long, byte[]> actual)
    {
        _actual = actual;
        _expected.Clear();
        _headers.Clear();
    }

    /// <summary>Expects that a client is told to ask again.</summary>
    public void ExpectBusy(long ticket) => _expected.Add(ticket, Wire.Busy);

    /// <summary>Expects no reply, as it has been lost.</summary>
    public void Forget(long ticket) => _expected.Remove(ticket);

    /// <summary>The expected reply headers beside an expected reply; empty if there are none.</summary>
    public string HeadersOf(long ticket) => _headers.GetValueOrDefault(ticket, "");

    /// <summary>Applies a well-formed request.</summary>
    public void Apply(Request request, bool mayHold, TimeSpan now)
    {
        Advance(now);
        var wait = mayHold ? request.Wait : TimeSpan.Zero;
        switch (request.Symbol)
        {
            case Symbol.Register: Register(request); break;
            case Symbol.GameQuit: Quit(request); break;
            case Symbol.GameUpdate: Update(request, wait); break;
            default: ApplyBeforeGame(request, wait); break;
        }
    }

    /// <summary>
    /// Advances the time. Of simultaneous deadlines, holds that the server ended unchanged come first, then timeouts,
    /// which end their partners' holds, then the remaining holds, then exclusions.
    /// </summary>
    public void Advance(TimeSpan now)
    {
        if (now > _now)
            _now = now;
        if (!(NextDue <= _now))
            return;
        foreach (var participant in Participants().Where(IsDue).Where(participant => participant.IsHeld).ToList())
        {
            if (_actual.TryGetValue(participant.HeldTicket, out var reply)
                && reply.AsSpan().SequenceEqual(participant.HeldReply))
            {
                EndHeld(participant);
            }
        }

        foreach (var participant in Participants().Where(IsDue).Where(participant => !participant.IsHeld).ToList())
            TimeOut(participant);
        foreach (var participant in Participants().Where(IsDue).Where(participant => participant.IsHeld).ToList())
            EndHeld(participant);
        EndExclusions();
    }

    /// <summary>
    /// Makes up for a suspension: each timeout is extended by its length, but at most to the end of the grace period;
    /// later timeouts stay.
    /// </summary>
    public void ExtendDeadlines(in Suspension suspension, TimeSpan now)
    {
        foreach (var participant in Participants().Where(participant => !participant.IsHeld))
        {
            var graceUntil = now + suspension.Grace;
            if (participant.DueAt >= graceUntil)
                continue;
            participant.LastHeard += suspension.Gap;
            if (participant.DueAt > graceUntil)
                participant.LastHeard = graceUntil - participant.Timeout;
        }

        foreach (var seat in _seats.Where(seat => seat.HasLeft))
            seat.LastHeard += suspension.Gap;
        Advance(now);
    }

    /// <summary>Ends all holds.</summary>
    public void ReleaseAll(TimeSpan now)
    {
        Advance(now);
        foreach (var participant in Participants())
            EndHeld(participant);
    }

    /// <summary>The server has restarted: nothing is held, and the downtime does not count as silence.</summary>
    /// <param name="restart">What it has recovered.</param>
    /// <param name="now">The time.</param>
    /// <param name="concerns">Whom the restart concerns; null: all.</param>
    public void Restart(RestartState restart, TimeSpan now, Func<ModelParticipant, bool>? concerns = null)
    {
        concerns ??= _ => true;
        _now = now;
        foreach (var participant in Participants().Where(concerns))
        {
            if (participant.IsHeld && restart.HeldHeardAt > participant.LastHeard)
                participant.LastHeard = restart.HeldHeardAt;
            participant.HeldTicket = 0;
            // The downtime does not count, and there is a grace period.
            participant.LastHeard += restart.Downtime;
            if (participant.DueAt < restart.GraceUntil)
                participant.LastHeard = restart.GraceUntil - participant.Timeout;
        }

        // Nor does it count in the silence of a partner who has left.
        foreach (var seat in _seats.Where(seat => seat.HasLeft && concerns(seat)))
            seat.LastHeard += restart.Downtime;

        foreach (var player in _players.Where(player => concerns(player)))
        {
            player.RegisteredAt += restart.Downtime;
            for (var i = 0; i < player.Exclusions.Count; i++)
            {
                var exclusion = player.Exclusions[i];
                player.Exclusions[i] = exclusion with { Until = exclusion.Until + restart.Downtime };
            }
        }
    }

    /// <summary>The first counter that differs from the server's; null if all are equal.</summary>
    public string? FindMiscount(TableStatistics counters)
    {
        for (var status = 0; status < counters.PlayersByStatus.Count; status++)
        {
            var count = 0;
            foreach (var player in _players)
                count += (int)player.Status == status ? 1 : 0;
            if (counters.PlayersByStatus[status] != count)
                return Text($"{count} players {(ModelStatus)status}, not {counters.PlayersByStatus[status]}");
        }

        for (var cause = 0; cause < _drops.Length; cause++)
        {
            if (counters.DropsByCause[cause] != _drops[cause])
                return Text($"{_drops[cause]} dropped {(DropCause)cause}, not {counters.DropsByCause[cause]}");
        }

        var bytes = 0L;
        foreach (var seat in _seats)
            bytes += seat.Bytes;
        return Unequal("games", _seats.Count / 2, counters.Games)
            ?? Unequal("bytes in backlogs", bytes, counters.BacklogBytes)
            ?? Unequal("registrations", _registrations, counters.Registrations)
            ?? Unequal("games started", _gamesStarted, counters.GamesStarted)
            ?? Unequal("turns", _turns, counters.Turns)
            ?? Unequal("bytes of turns", _turnBytes, counters.TurnBytes);
    }

    /// <summary>Who waits in a pool without naming a partner: how many, and for how long the first has.</summary>
    public WaitingLine GetWaiting(string? pool)
    {
        var waiting = _players.FindAll(player => player.Status == ModelStatus.Waiting && player.Wanted is null
            && player.Pool == pool);
        return waiting.Count == 0 ? default : new WaitingLine(waiting.Count, _now - waiting[0].RegisteredAt);
    }

    private static string? Unequal(string what, long expected, long actual) =>
        expected == actual ? null : Text($"{expected} {what}, not {actual}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private bool IsDue(ModelParticipant participant) => participant.DueAt <= _now;

    private IEnumerable<ModelParticipant> Participants()
    {
        foreach (var player in _players)
        {
            if (player.Status != ModelStatus.Playing)
                yield return player;
        }

        foreach (var seat in _seats)
        {
            if (!seat.HasLeft)
                yield return seat;
        }
    }

    private void TimeOut(ModelParticipant participant)
    {
        // The timeout of its partner may have changed its state.
        if (!IsDue(participant) || participant.IsHeld)
            return;
        if (participant is ModelSeat seat)
            Leave(seat, hasQuit: false);
        else if (participant is ModelPlayer player && _players.Contains(player))
            Drop(player, player.Status == ModelStatus.Waiting ? DropCause.SilentWaiting : DropCause.SilentLoading);
    }

    private void Reply(long ticket, byte[] reply) => _expected.Add(ticket, reply);

    // Replies to updates say for how many whole seconds the partner has been silent.
    private void ReplyTo(ModelParticipant participant, long ticket, byte[] reply)
    {
        Reply(ticket, reply);
        if (participant is not ModelSeat { Partner: var partner } seat)
            return;
        var silence = partner.IsHeld ? TimeSpan.Zero : _now - partner.LastHeard;
        var totals = reply.AsSpan().StartsWith("0/11/"u8) ? Totals(seat) : "";
        _headers.Add(ticket, $"{totals}Partner-Silent: {Math.Max(0, Math.Floor(silence.TotalSeconds))} ");
    }

    private void ReplyOrHold(long ticket, ModelParticipant participant, byte[] reply, TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero)
        {
            ReplyTo(participant, ticket, reply);
            return;
        }

        (participant.HeldTicket, participant.HeldReply, participant.HeldUntil) = (ticket, reply, _now + wait);
    }

    // A held request counts as a sign of life until its hold ends.
    private void EndHeld(ModelParticipant participant, byte[]? news = null)
    {
        if (!participant.IsHeld)
            return;
        ReplyTo(participant, participant.HeldTicket, news ?? participant.HeldReply);
        participant.HeldTicket = 0;
        NoteHeard(participant);
    }

    private void NoteHeard(ModelParticipant participant)
    {
        EndHeld(participant);
        // After a restart LastHeard may be in the future.
        if (_now > participant.LastHeard)
            participant.LastHeard = _now;
    }

    // Takes the server's key if valid: below 2⁵³ and not in use. After a crash the key is unknown until it is repeated.
    private ulong LearnKey(ModelParticipant participant, long ticket, string before, string after)
    {
        if (participant.Key != ulong.MaxValue || !_actual.TryGetValue(ticket, out var bytes))
            return participant.Key;
        var reply = Encoding.UTF8.GetString(bytes);
        if (!reply.StartsWith(before, StringComparison.Ordinal) || !reply.EndsWith(after, StringComparison.Ordinal)
            || !ulong.TryParse(reply.AsSpan()[before.Length..^after.Length], NumberStyles.None,
                CultureInfo.InvariantCulture, out var key)
            || key >= 1UL << 53)
        {
            return participant.Key;
        }

        var isTaken = participant is ModelPlayer ? _players.Exists(player => player.Key == key)
            : _seats.Exists(seat => seat.Key == key);
        return isTaken ? participant.Key : key;
    }
}

/// <summary>What a restarted server has recovered.</summary>
/// <param name="Survivors">
/// How many requests of the interrupted batch were recorded, in order. They are applied; their replies are lost.
/// </param>
/// <param name="HeldHeardAt">When players with held replies count as last heard from.</param>
/// <param name="Downtime">The time since the last record.</param>
/// <param name="GraceUntil">The earliest timeout.</param>
internal readonly record struct RestartState(int Survivors, TimeSpan HeldHeardAt, TimeSpan Downtime,
    TimeSpan GraceUntil);
