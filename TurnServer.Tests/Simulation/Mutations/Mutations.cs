namespace TurnServer.Tests.Simulation;

/// <summary>A one-line bug in the rules or the journal.</summary>
/// <param name="Breaks">What the bug does.</param>
/// <param name="File">The source, such as <c>Rules/Games.cs</c>.</param>
/// <param name="Old">The text to replace; occurs exactly once.</param>
/// <param name="New">The replacement.</param>
public sealed record Mutation(string Breaks, string File, string Old, string New)
{
    /// <summary>The simulation that can find it.</summary>
    public SimulationKind Kind { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Breaks;
}

/// <summary>Bugs that the simulation must find.</summary>
internal static partial class Mutations
{
    public static IReadOnlyList<Mutation> All => [.. OfRules, .. OfState, .. OfCluster, .. OfShards];

    private static readonly IReadOnlyList<Mutation> OfRules =
    [
        new("two line breaks are cut from the end of a body", "Protocol/RequestParser.cs",
            "body = body[..LengthWithoutLineBreak(body)];",
            "body = body[..LengthWithoutLineBreak(body)];\n        body = body[..LengthWithoutLineBreak(body)];"),
        new("the header Turn-Counter is one off", "Rules/Games.cs",
            "Reply.RefuseCounter(counter, seat.LastCounter)", "Reply.RefuseCounter(counter, seat.LastCounter + 1)"),
        new("the partner is silent while its reply is held", "Rules/Game.cs",
            "Partner.IsHeld || now < Partner.LastHeard ?", "now < Partner.LastHeard ?"),
        new("an update repeats the previous block", "Rules/Games.cs",
            "seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);",
            "0;"),
        new("a repeated update is sometimes refused", "Rules/Games.cs",
            "if (counter == seat.LastCounter)", "if (counter == seat.LastCounter && counter % 7 != 0)"),
        new("a counter may skip one", "Rules/Games.cs",
            "if (counter - 1 != seat.LastCounter)",
            "if (counter - 2 > seat.LastCounter || counter < seat.LastCounter)"),
        new("turns that have not arrived are acknowledged", "Rules/Games.cs",
            "seat.Backlog.Acknowledge(arrival.Request.ReceivedBytes);", "seat.Backlog.Acknowledge(null);"),
        new("part of a turn is acknowledged", "Rules/Backlog.cs",
            "received = Math.Max(end, 0);", "received = receivedBytes.Value;"),
        new("a refused turn uses up its counter", "Rules/Games.cs",
            "if (hasTurnToDeliver && !partner.Backlog.Fits(turn.Length))",
            "if (hasTurnToDeliver && !partner.Backlog.Fits(turn.Length) && (seat.LastCounter = counter) >= 0)"),
        new("a backlog has no limit", "Rules/Backlog.cs",
            "LengthWith(turnLength) <= ProtocolLimits.BacklogBytesMax", "turnLength <= ProtocolLimits.BacklogBytesMax"),
        new("a turn does not end the partner's held reply", "Rules/Games.cs",
            "if (!to.IsHeld)\n            return;", "if (to.IsHeld || !to.IsHeld)\n            return;"),
        new("quitting loses the sender's turns", "Rules/Games.cs",
            "responder.Release(partner, PartnerLeft(seat), now);",
            "partner.Backlog.Clear();\n        responder.Release(partner, PartnerLeft(seat), now);"),
        new("a quit is reported as a timeout", "Rules/Games.cs",
            "partner.Left == Departure.Quit ? (byte)Symbol.GameQuit : null", "null"),
        new("a seat key works for the other seat", "Rules/Games.cs",
            "if (seat.Number != arrival.Request.Seat || seat.Left is not null)", "if (seat.Left is not null)"),
        new("a held reply is not ended by the next request", "Rules/Responder.cs",
            "if (participant.IsHeld)\n            ReleaseUnchanged(participant, now);\n        participant.Touch(now);",
            "participant.Touch(now);"),
        new("a held reply does not count as a sign of life", "Rules/Participant.cs",
            "Hold(default, default, default);\n        Touch(now);", "Hold(default, default, default);"),
        new("a player who named a partner is paired with another", "Rules/WaitingQueues.cs",
            "if (player.Wanted is { } wanted)\n            return FindOrAdd",
            "if (player.Wanted is { } wanted && player.Key % 8 != 0)\n            return FindOrAdd"),
        new("the pools of strangers are mixed", "Rules/WaitingQueues.cs",
            "pool is null ? _strangers : _pools.GetValueOrDefault(pool);", "_strangers;"),
        new("the pools of players who named a partner are mixed", "Rules/WaitingQueues.cs",
            "new NamedPair(player.Pool, wanted, player.Name)", "new NamedPair(null, wanted, player.Name)"),
        new("a token stands for a player in any pool", "Rules/Lobby.cs",
            "new TokenKey(name, wanted, pool, token), out var known",
            "_byToken.Keys.FirstOrDefault(key => (key.Name, key.Wanted, key.Token) == (name, wanted, token)), "
            + "out var known"),
        new("the line of waiting players is one too long", "Rules/WaitingQueues.cs",
            "new WaitingLine(queue.Count, ", "new WaitingLine(queue.Count + 1, "),
        new("the first of the waiting is the first who never left the line", "Rules/WaitingQueues.cs",
            "? returned : _first;", "? _first ?? returned : _first;"),
        new("turns sent after the partner left do not count as taken", "Rules/Games.cs",
            "totals.Taken + TurnTotals.Count(turn)",
            "totals.Taken + (hasTurnToDeliver ? TurnTotals.Count(turn) : 0)"),
        new("acknowledged turns are counted by the block", "Rules/Backlog.cs",
            "TurnTotals.Count(block[..received]);", "TurnTotals.Count(block);"),
        new("players who left each other are paired again", "Rules/Player.cs",
            "Excludes(other, now) || other.Excludes(this, now);", "Excludes(other, now);"),
        new("an exclusion never ends", "Rules/Lobby.Pairing.cs",
            "now + options.LoadTimeout", "now + (1000 * options.LoadTimeout)"),
        new("an exclusion ends too early", "Rules/Lobby.Pairing.cs",
            "now + options.LoadTimeout", "now + (options.LoadTimeout / 2)"),
        new("the end of an exclusion wakes no held request", "Rules/Lobby.Pairing.cs",
            "_exclusionEnded.Add(player);", "_ = player;"),
        new("the end of an exclusion is noticed at the next request", "Rules/Player.cs",
            "FirstExclusionEnd is { } end && end < Deadline ? end : Deadline", "Deadline"),
        new("last come, first served", "Rules/WaitingQueues.cs",
            "player.Ahead = _last;\n        if (_last is null)\n            _first = player;\n        else\n"
            + "            _last.Behind = player;\n        _last = player;",
            "player.Behind = _first;\n        if (_first is null)\n            _last = player;\n        else\n"
            + "            _first.Ahead = player;\n        _first = player;"),
        new("a player without a partner rejoins at the end of the queue", "Rules/Lobby.Pairing.cs",
            "_queues.Rejoin(player);", "_queues.Join(player);"),
        new("the loss of a partner is reported only once", "Rules/Lobby.Pairing.cs",
            "player.PartnerDropSent = true;", "player.PartnerDropSent = false;"),
        new("a player is paired again before the loss of its partner is reported", "Rules/Lobby.Pairing.cs",
            "if (!player.IsHeld)\n            return;\n        var ticket = player.EndHold(now);",
            "if (!player.IsHeld)\n        {\n            _ = HandlePartnerLeft(player, now);\n            return;\n"
            + "        }\n        var ticket = player.EndHold(now);"),
        new("a token outlives its registration", "Rules/Lobby.cs",
            "_byToken.Remove(TokenKey.Of(player));", "_ = player;"),
        new("a registration outlives the first update", "Rules/Games.cs",
            "responder.NoteRequest(seat, now);\n        RetirePlayer(seat);", "responder.NoteRequest(seat, now);"),
        new("an earlier deadline is noticed late", "Rules/Deadlines.cs",
            "if (dueAt < _heap[participant.HeapIndex].At)",
            "if (dueAt + TimeSpan.FromSeconds(1) < _heap[participant.HeapIndex].At)"),
        new("a suspension counts as silence", "Rules/Table.cs",
            "_deadlines[i].Participant.ExtendDeadline(suspension, _now);", "_ = suspension;"),
        new("timeouts are far too long after a suspension", "Rules/Participant.cs",
            "deadline + suspension.Gap < latest ? deadline + suspension.Gap : latest", "deadline + suspension.Gap"),
        new("the grace period shortens later deadlines", "Rules/Participant.cs",
            "deadline > now + suspension.Grace ? deadline : now + suspension.Grace", "now + suspension.Grace"),
        new("a suspension extends held replies", "Rules/Participant.cs",
            "if (IsHeld)\n            return;\n        var deadline",
            "if (IsHeld)\n            HeldUntil += suspension.Gap;\n        var deadline"),
        new("the pairing timeout applies to loading", "Rules/Player.cs",
            "return pairing > options.LoadTimeout ? pairing : options.LoadTimeout;", "return pairing;"),
        new("both seats may get the same key", "Rules/IKeySource.cs",
            "if (!inUse.ContainsKey(key))", "if (!inUse.ContainsKey(key) || inUse.Remove(key))"),
    ];

    private static readonly IReadOnlyList<Mutation> OfState =
    [
        OfCrashes("the hold of a reply is not replayed", "Journal/Replay.cs",
            "? from.Time() : TimeSpan.Zero;", "? from.Time() * 0 : TimeSpan.Zero;"),
        OfCrashes("Turn-Received is not replayed", "Journal/Replay.cs",
            "request with { ReceivedBytes = received }", "request"),
        OfCrashes("requests after a refused one are not recorded", "Rules/Responder.cs",
            "_answers.Clear();\n        ChangedNothing = false;", "_answers.Clear();"),
        OfCrashes("a torn write counts as corruption", "Journal/RecordedSegment.cs",
            "Head.RepliesWaitForSync || Head.BootId", "Head.BootId"),
        OfCrashes("a suspension is not replayed", "Journal/Replay.cs",
            "table.ExtendDeadlines(ReadSuspension(ref from), _now);", "table.Tick(_now);"),
        OfCrashes("recorded times are slightly late", "Journal/RecordWriter.cs",
            "_last = now;\n    }", "_last = now - TimeSpan.FromMilliseconds(1);\n    }"),
        OfCrashes("a full segment is not synced", "Journal/SegmentSyncer.cs",
            "full.Sync();", "_ = full.Written;"),
        OfCrashes("replies leave before their records are synced", "Journal/SegmentSyncer.cs",
            "_syncedPosition = current.Start + current.Sync();", "_syncedPosition = current.Start + current.Written;"),
        OfCrashes("a corrupt frame counts as valid", "Journal/Frame.cs",
            "checksum == Checksum(payload, salt, position)", "checksum != 0"),
        OfCrashes("a snapshot deletes the segment after it", "Journal/Compactor.cs",
            "if (fileNumber < number ||", "if (fileNumber <= number ||"),
        OfCrashes("a restart grants no grace", "Rules/Participant.cs",
            "if (LastHeard + Timeout < until)", "if (LastHeard + Timeout > until)"),
        OfCrashes("a snapshot loses which turns were handed out", "Rules/TableSnapshotWriter.cs",
            "to.Number(seat.Backlog.Block.Length);", "to.Number(0L);"),
        OfCrashes("a snapshot loses exclusions", "Rules/TableSnapshotReader.cs",
            "player.Exclude(new Exclusion(", "_ = (new Exclusion("),
        OfCrashes("a snapshot loses when exclusions end", "Rules/TableSnapshotReader.cs",
            ": from.Time();\n", ": from.Time() * 0;\n"),
        OfCrashes("a snapshot loses that the loss of a partner was reported", "Rules/TableSnapshotReader.cs",
            "player.PartnerDropSent = from.Flag();", "_ = from.Flag();"),
        OfCrashes("a snapshot reverses the queue", "Rules/Lobby.cs",
            ".OrderBy(player => player.Order)", ".OrderByDescending(player => player.Order)"),
        OfCrashes("recovery loses tokens", "Rules/Lobby.cs",
            "|| _byToken.TryAdd(", "|| player.Token.Length > 3 || _byToken.TryAdd("),
        OfCrashes("a snapshot loses the pools of players", "Rules/TableSnapshotReader.cs",
            "kind == SnapshotPart.Player ? from.TextOrNull() : null",
            "kind == SnapshotPart.Player && from.TextOrNull() == \"\" ? \"\" : null"),
        OfCrashes("a snapshot loses how many turns were taken", "Rules/TableSnapshotReader.cs",
            "new TurnTotals(from.Long(), from.Long())", "new TurnTotals(from.Long() * 0, from.Long())"),
        OfCrashes("a snapshot loses who hosts", "Rules/TableSnapshotReader.cs",
            "IsHost = from.Flag(),", "IsHost = from.Flag() && false,"),
        OfCrashes("a snapshot loses how a seat was left", "Rules/TableSnapshotReader.cs",
            "(Departure)(left - 1)", "Departure.TimedOut"),
    ];

    private static Mutation OfCrashes(string breaks, string file, string old, string @new) =>
        new(breaks, file, old, @new) { Kind = SimulationKind.Journal };
}
