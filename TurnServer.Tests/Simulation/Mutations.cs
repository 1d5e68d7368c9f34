namespace TurnServer.Tests.Simulation;

/// <summary>One line of the rules made wrong.</summary>
/// <param name="Breaks">What no longer holds.</param>
/// <param name="File">The source, such as <c>Rules/Games.cs</c>.</param>
/// <param name="Old">What stands there exactly once.</param>
/// <param name="New">What is put in its place.</param>
public sealed record Mutation(string Breaks, string File, string Old, string New)
{
    /// <summary>Whether it takes crashes to see it.</summary>
    public bool NeedsCrashes { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Breaks;
}

/// <summary>Faults that the simulation must find.</summary>
internal static class Mutations
{
    public static IReadOnlyList<Mutation> All => [.. OfRules, .. OfState];

    private static readonly IReadOnlyList<Mutation> OfRules =
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
            "LengthWith(turnLength) <= ProtocolLimits.BacklogBytesMax", "turnLength <= ProtocolLimits.BacklogBytesMax"),
        new("a turn does not wake the partner's held reply", "Rules/Games.cs",
            "if (!to.IsHeld)\n            return;", "if (to.IsHeld || !to.IsHeld)\n            return;"),
        new("turns get lost when their sender quits", "Rules/Games.cs",
            "responder.Release(partner, PartnerLeft(seat), now);",
            "partner.Backlog.Clear();\n        responder.Release(partner, PartnerLeft(seat), now);"),
        new("one who quit is said to have fallen silent", "Rules/Games.cs",
            "partner.Left == Departure.Quit ? (byte)Symbol.GameQuit : null", "null"),
        new("any seat's key is good for the other", "Rules/Games.cs",
            "if (seat.Number != arrival.Request.Seat || seat.Left is not null)", "if (seat.Left is not null)"),
        new("a held reply is not ended by the next request", "Rules/Responder.cs",
            "if (participant.IsHeld)\n            ReleaseUnchanged(participant, now);\n        participant.Touch(now);",
            "participant.Touch(now);"),
        new("a held reply does not count as heard from", "Rules/Participant.cs",
            "Hold(default, default, default);\n        Touch(now);", "Hold(default, default, default);"),
        new("who wants one partner is given to strangers", "Rules/WaitingQueues.cs",
            "if (player.Wanted is not { } wanted)\n            return _strangers;",
            "if (player.Wanted is not { } wanted || player.Key % 8 == 0)\n            return _strangers;"),
        new("players meet again who left each other", "Rules/Player.cs",
            "Excludes(other, now) || other.Excludes(this, now);", "Excludes(other, now);"),
        new("players never meet again who left each other", "Rules/Lobby.Pairing.cs",
            "now + options.LoadTimeout", "now + (1000 * options.LoadTimeout)"),
        new("players meet again too early who left each other", "Rules/Lobby.Pairing.cs",
            "now + options.LoadTimeout", "now + (options.LoadTimeout / 2)"),
        new("the end of an exclusion wakes nobody", "Rules/Lobby.Pairing.cs",
            "_exclusionEnded.Add(player);", "_ = player;"),
        new("the end of an exclusion is seen with the next request", "Rules/Player.cs",
            "FirstExclusionEnd is { } end && end < Deadline ? end : Deadline", "Deadline"),
        new("the last come is first served", "Rules/WaitingQueues.cs",
            "player.Ahead = _last;\n        if (_last is null)\n            _first = player;\n        else\n"
            + "            _last.Behind = player;\n        _last = player;",
            "player.Behind = _first;\n        if (_first is null)\n            _last = player;\n        else\n"
            + "            _first.Ahead = player;\n        _first = player;"),
        new("who comes back stands behind all others", "Rules/Lobby.Pairing.cs",
            "_queues.Rejoin(player);", "_queues.Join(player);"),
        new("one left before the game hears of it only once", "Rules/Lobby.Pairing.cs",
            "player.PartnerDropSent = true;", "player.PartnerDropSent = false;"),
        new("a partner goes to another before it has heard", "Rules/Lobby.Pairing.cs",
            "if (!player.IsHeld)\n            return;\n        var ticket = player.EndHold(now);",
            "if (!player.IsHeld)\n        {\n            _ = HandlePartnerLeft(player, now);\n            return;\n"
            + "        }\n        var ticket = player.EndHold(now);"),
        new("a token outlives its registration", "Rules/Lobby.cs",
            "_byToken.Remove((player.Name, player.Wanted, token));", "_ = token;"),
        new("a registration outlives the first update", "Rules/Games.cs",
            "responder.NoteRequest(seat, now);\n        RetirePlayer(seat);", "responder.NoteRequest(seat, now);"),
        new("deadlines that come nearer are noticed late", "Rules/Deadlines.cs",
            "if (dueAt < _heap[participant.HeapIndex].At)",
            "if (dueAt + TimeSpan.FromSeconds(1) < _heap[participant.HeapIndex].At)"),
        new("time in which nobody could be heard counts as silence", "Rules/Table.cs",
            "_deadlines[i].Participant.ExtendDeadline(suspension, _now);", "_ = suspension;"),
        new("nobody is dropped for long after the server stood still", "Rules/Participant.cs",
            "deadline + suspension.Gap < latest ? deadline + suspension.Gap : latest", "deadline + suspension.Gap"),
        new("a time of grace cuts what was further away", "Rules/Participant.cs",
            "deadline > now + suspension.Grace ? deadline : now + suspension.Grace", "now + suspension.Grace"),
        new("held replies are prolonged when the server stood still", "Rules/Participant.cs",
            "if (IsHeld)\n            return;\n        var deadline",
            "if (IsHeld)\n            HeldUntil += suspension.Gap;\n        var deadline"),
        new("loading may take only the time of pairing", "Rules/Player.cs",
            "return pairing > options.LoadTimeout ? pairing : options.LoadTimeout;", "return pairing;"),
        new("both seats may have one key", "Rules/IKeySource.cs",
            "if (!inUse.ContainsKey(key))", "if (!inUse.ContainsKey(key) || inUse.Remove(key))"),
    ];

    private static readonly IReadOnlyList<Mutation> OfState =
    [
        OfCrashes("what was held is not recorded as held", "Journal/Replay.cs",
            "? from.Time() : TimeSpan.Zero;", "? from.Time() * 0 : TimeSpan.Zero;"),
        OfCrashes("what has been received is not recorded", "Journal/Replay.cs",
            "request with { ReceivedBytes = received }", "request"),
        OfCrashes("what comes after a refused request is not recorded", "Rules/Responder.cs",
            "_answers.Clear();\n        ChangedNothing = false;", "_answers.Clear();"),
        OfCrashes("a write that was cut off counts as damage", "Journal/RecordedSegment.cs",
            "Head.RepliesWaitForSync || Head.BootId", "Head.BootId"),
        OfCrashes("that nobody could be heard is not recorded", "Journal/Replay.cs",
            "table.ExtendDeadlines(ReadSuspension(ref from), _now);", "table.Tick(_now);"),
        OfCrashes("records are a little late", "Journal/RecordWriter.cs",
            "_last = now;\n    }", "_last = now - TimeSpan.FromMilliseconds(1);\n    }"),
        OfCrashes("a full segment is not brought to the disk", "Journal/SegmentSyncer.cs",
            "full.Sync();", "_ = full.Written;"),
        OfCrashes("replies leave before they are on the disk", "Journal/SegmentSyncer.cs",
            "_syncedPosition = current.Start + current.Sync();", "_syncedPosition = current.Start + current.Written;"),
        OfCrashes("a damaged frame counts as whole", "Journal/Frame.cs",
            "checksum == Checksum(payload, salt, position)", "checksum != 0"),
        OfCrashes("a snapshot does away with the segment behind it", "Journal/Compactor.cs",
            "if (fileNumber < number ||", "if (fileNumber <= number ||"),
        OfCrashes("nobody has time after a restart", "Rules/Participant.cs",
            "if (LastHeard + Timeout < until)", "if (LastHeard + Timeout > until)"),
        OfCrashes("what was handed out is forgotten to have been", "Rules/TableSnapshotWriter.cs",
            "to.Number(seat.Backlog.Block.Length);", "to.Number(0L);"),
        OfCrashes("who left whom is forgotten", "Rules/TableSnapshotReader.cs",
            "player.Exclude(new Exclusion(", "_ = (new Exclusion("),
        OfCrashes("until when who left is passed over is forgotten", "Rules/TableSnapshotReader.cs",
            "hasExclusionEnds ? from.Time() :", "hasExclusionEnds && from.Time() < TimeSpan.Zero ? TimeSpan.Zero :"),
        OfCrashes("who has been told of a desertion is forgotten", "Rules/TableSnapshotReader.cs",
            "player.PartnerDropSent = from.Flag();", "_ = from.Flag();"),
        OfCrashes("the line is turned round", "Rules/Lobby.cs",
            ".OrderBy(player => player.Order)", ".OrderByDescending(player => player.Order)"),
        OfCrashes("a token is forgotten", "Rules/Lobby.cs",
            "|| _byToken.TryAdd(", "|| player.Token.Length > 3 || _byToken.TryAdd("),
        OfCrashes("who hosts is forgotten", "Rules/TableSnapshotReader.cs",
            "IsHost = from.Flag(),", "IsHost = from.Flag() && false,"),
        OfCrashes("how a seat was left is forgotten", "Rules/TableSnapshotReader.cs",
            "(Departure)(left - 1)", "Departure.TimedOut"),
    ];

    private static Mutation OfCrashes(string breaks, string file, string old, string @new) =>
        new(breaks, file, old, @new) { NeedsCrashes = true };
}
