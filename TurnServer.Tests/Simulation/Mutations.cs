namespace TurnServer.Tests.Simulation;

/// <summary>One line of the rules made wrong.</summary>
/// <param name="Breaks">What no longer holds.</param>
/// <param name="File">The source, such as <c>Rules/Games.cs</c>.</param>
/// <param name="Old">What stands there exactly once.</param>
/// <param name="New">What is put in its place.</param>
public sealed record Mutation(string Breaks, string File, string Old, string New)
{
    /// <inheritdoc/>
    public override string ToString() => Breaks;
}

/// <summary>Faults that the simulation must find.</summary>
internal static class Mutations
{
    public static readonly IReadOnlyList<Mutation> All =
    [
        new("an update repeats the block of the one before", "Rules/Games.cs",
            "seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);",
            "_ = arrival.Request.ReceivedBytes;"),
        new("a repeated update is refused now and then", "Rules/Games.cs",
            "if (counter == seat.LastCounter)", "if (counter == seat.LastCounter && counter % 7 != 0)"),
        new("a counter may skip one", "Rules/Games.cs",
            "if (counter - 1 != seat.LastCounter)",
            "if (counter - 2 > seat.LastCounter || counter < seat.LastCounter)"),
        new("turns that have not arrived are acknowledged", "Rules/Games.cs",
            "seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);", "seat.Backlog.Acknowledge(null);"),
        new("part of a turn is acknowledged", "Rules/Backlog.cs",
            "received = Math.Max(end, 0);", "received = receivedBytes.Value;"),
        new("a refused turn takes its counter", "Rules/Games.cs",
            "if (isDelivered && !partner.Backlog.Fits(turn.Length))",
            "if (isDelivered && !partner.Backlog.Fits(turn.Length) && (seat.LastCounter = counter) >= 0)"),
        new("a backlog has no limit", "Rules/Backlog.cs",
            "Joined(turnLength) <= ProtocolLimits.BacklogBytesMax", "turnLength <= ProtocolLimits.BacklogBytesMax"),
        new("a turn does not wake the partner's held reply", "Rules/Games.cs",
            "if (!to.IsHeld)\n            return;", "if (to.IsHeld || !to.IsHeld)\n            return;"),
        new("turns get lost when their sender quits", "Rules/Games.cs",
            "answers.Release(partner, PartnerLeft(seat), now);",
            "partner.Backlog.Clear();\n        answers.Release(partner, PartnerLeft(seat), now);"),
        new("one who quit is said to have fallen silent", "Rules/Games.cs",
            "partner.Left == Departure.Quit ? (byte)Symbol.GameQuit : null", "null"),
        new("any seat's key is good for the other", "Rules/Games.cs",
            "if (seat.Number != arrival.Request.Seat || seat.Left is not null)", "if (seat.Left is not null)"),
        new("a held reply is not ended by the next request", "Rules/Answers.cs",
            "if (timed.IsHeld)\n            ReleaseAsItStands(timed, now);\n        timed.LastHeard = now;",
            "timed.LastHeard = now;"),
        new("a held reply does not count as heard from", "Rules/Timed.cs",
            "HeldTicket = default;\n        LastHeard = now;", "HeldTicket = default;"),
        new("who wants one partner is given to strangers", "Rules/Lobby.cs",
            "if (player.Wanted is not { } wanted)\n            return _strangers;",
            "if (player.Wanted is not { } wanted || player.Key % 8 == 0)\n            return _strangers;"),
        new("players meet again who left each other", "Rules/Player.cs",
            "Avoids(other) || other.Avoids(this);", "Avoids(other);"),
        new("the last come is first served", "Rules/WaitingLine.cs",
            "player.Ahead = _last;\n        if (_last is null)\n            _first = player;\n        else\n"
            + "            _last.Behind = player;\n        _last = player;",
            "player.Behind = _first;\n        if (_first is null)\n            _last = player;\n        else\n"
            + "            _first.Ahead = player;\n        _first = player;"),
        new("who comes back stands behind all others", "Rules/Lobby.cs",
            "_strangers.Rejoin(player);", "_strangers.Join(player);"),
        new("one left before the game hears of it only once", "Rules/Lobby.cs",
            "player.WasDeserted = true;", "player.WasDeserted = false;"),
        new("a partner goes to another before it has heard", "Rules/Lobby.cs",
            "if (!left.IsHeld)\n            return;\n        var ticket = left.EndHold(now);",
            "if (!left.IsHeld)\n        {\n            _ = HearOfDesertion(left, now);\n            return;\n        }\n"
            + "        var ticket = left.EndHold(now);"),
        new("a token outlives its registration", "Rules/Lobby.cs",
            "_byToken.Remove((player.Name, player.Wanted, token));", "_ = token;"),
        new("a registration outlives the first update", "Rules/Games.cs",
            "answers.Hear(seat, now);\n        RetirePlayer(seat);", "answers.Hear(seat, now);"),
        new("deadlines that come nearer are noticed late", "Rules/Deadlines.cs",
            "if (deadline < _heap[timed.HeapIndex].At)",
            "if (deadline + TimeSpan.FromSeconds(1) < _heap[timed.HeapIndex].At)"),
        new("loading may take only the time of pairing", "Rules/Player.cs",
            "return pairing > options.LoadTimeout ? pairing : options.LoadTimeout;", "return pairing;"),
        new("both seats may have one key", "Rules/IKeySource.cs",
            "if (!inUse.ContainsKey(key))", "if (!inUse.ContainsKey(key) || inUse.Remove(key))"),
    ];
}
