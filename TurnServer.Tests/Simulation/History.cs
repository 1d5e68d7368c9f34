using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Plays one history: its acts; then a time in which the network is fair and those who misbehave are silent, when
/// everybody else must get on; then all leave, and nothing may be left of them.
/// </summary>
internal sealed class History
{
    private const int RoundsMin = 40;
    private const int RoundsCramped = 30;

    private readonly World _world;
    private readonly IReadOnlyList<Act> _acts;
    private readonly Arena _arena;
    private readonly Server _server;
    private readonly Trace? _trace;

    private History(World world, IReadOnlyList<Act> acts, Server server, Trace? trace)
    {
        _world = world;
        _acts = acts;
        _server = server;
        _trace = trace;
        _arena = new Arena(world, server, trace);
        for (var i = 0; i < world.Players.Count; i++)
            _arena.Seat(new SimPlayer(i, world.Players[i], world, _arena.Judge));
    }

    /// <summary>Plays it to the end.</summary>
    /// <exception cref="Discrepancy">Something was not right.</exception>
    public static Tallies Play(World world, IReadOnlyList<Act> acts, Server server, Trace? trace = null)
    {
        var history = new History(world, acts, server, trace);
        history.PlayActs();
        history.PlayFair();
        history.LeaveAll();
        return history._arena.Tallies;
    }

    private void PlayActs()
    {
        foreach (var act in _acts)
        {
            var at = Arena.At(act.AtMs);
            // Some go out together with the one before, and are at the server in one batch.
            if (at > _arena.Now || act.Draw % 4 != 0)
                _arena.RunUntil(at > _arena.Now ? at : _arena.Now);
            Do(act);
            _arena.Tallies.Steps++;
        }
    }

    private void Do(in Act act)
    {
        var player = _arena.Players[act.Player];
        var chance = new Chance(act.Draw);
        switch (act.Intent)
        {
            case Intent.Drain: _arena.Drain(); break;
            case Intent.Crash: _arena.Crash(act.Draw); break;
            case Intent.Freeze: _arena.Freeze(act.Draw); break;
            case Intent.Sleep:
                _trace?.Turn(_arena.Now - Arena.At(0));
                _trace?.Add($"{player.Id} falls silent");
                player.Sleep(_arena.Now + TimeSpan.FromSeconds(chance.Below(60)));
                break;
            case Intent.Leave: _arena.Send(player.Leave(chance, act.Fate.Reply, _arena.Now), act.Fate); break;
            case Intent.Misbehave when !player.Temper.Behaves:
                _arena.Send(player.Misbehave(chance, _arena.Players, act.Fate.Reply), act.Fate);
                break;
            default: _arena.Send(player.Behave(chance, act.Fate.Reply, _arena.Now), act.Fate); break;
        }
    }

    // Rounds in which everybody who behaves asks once, close enough together that none is silent too long.
    private void PlayFair()
    {
        var behaving = _arena.Players.Where(player => player.Temper.Behaves).ToList();
        var chance = new Chance(_world.Seed ^ 0xFA12);
        var marks = new Dictionary<GameLog, (int Sent, int Answered)>();
        var options = _world.Options;
        // Without room, or when two speak with one key, somebody may have to wait for ever.
        var mayBeStuck = _world.IsCramped || _world.RepeatsKeys;
        TimeSpan[] timeouts = [options.PairingTimeout, options.LoadTimeout, options.GameTimeout];
        var longest = timeouts.Append(options.LongPairingTimeout).Max();
        var spacing = timeouts.Min() / 4;
        var roundsMax = mayBeStuck
            ? RoundsCramped
            : RoundsMin + (int)(((longest * 4) + (_world.TimerLag * 4) + TimeSpan.FromSeconds(90)) / spacing);
        foreach (var player in behaving)
            player.Wake();
        for (var round = 0; round < roundsMax; round++)
        {
            foreach (var player in behaving)
                _arena.Send(player.Behave(chance, 0, _arena.Now, isFair: true), Fate.Fair);
            _arena.Tallies.Steps += behaving.Count;
            _arena.RunUntil(_arena.Now + spacing);
            if (!mayBeStuck && round % 4 == 3 && behaving.FindAll(HasNotGotOn).Count == 0)
                return;
        }

        if (!mayBeStuck && behaving.Find(HasNotGotOn) is { } stuck)
            throw new Discrepancy($"player {stuck.Id} to get on in a fair network", $"{stuck.Stage}");

        // To be asked of everybody each time, as the first asking sets a mark.
        bool HasNotGotOn(SimPlayer player) => !HasGotOn(player, behaving, marks);
    }

    // In a game with turns coming through; or alone, with nobody there who could be its partner.
    private static bool HasGotOn(SimPlayer player, List<SimPlayer> behaving,
        Dictionary<GameLog, (int Sent, int Answered)> marks)
    {
        if (player.Stage == Stage.Playing)
        {
            var log = player.Log!;
            marks.TryAdd(log, (log.Partner?.Confirmed ?? log.Confirmed, log.Answered));
            var (sent, answered) = marks[log];
            // Turns that the partner had been told were taken have come, and others after them.
            return log.IsTainted || (log.Answered > answered + 2 && log.Received > 0
                && (log.Partner is not { Behaves: true, IsTainted: false } || log.Received >= sent));
        }

        return player.Stage == Stage.Registered
            && !behaving.Exists(other => other != player && CouldMeet(player, other));
    }

    private static bool CouldMeet(SimPlayer player, SimPlayer other)
    {
        var (mine, its) = (player.Temper, other.Temper);
        if (other.Stage != Stage.Registered)
            return false;
        return mine.Wanted is null
            ? its.Wanted is null
            : mine.Wanted == its.Name && its.Wanted == mine.Name;
    }

    private void LeaveAll()
    {
        var chance = new Chance(_world.Seed ^ 0x1EAE);
        foreach (var player in _arena.Players)
        {
            if (chance.Is(700))
                _arena.Send(player.Leave(chance, 0, _arena.Now), Fate.Fair);
        }

        var figures = _server.Count();
        _arena.Tallies.Turns = figures.Turns;
        _arena.Tallies.Games = figures.GamesStarted;
        // Requests that are late may yet register somebody, who then falls silent.
        for (var i = 0; i < 3; i++)
            _arena.RunUntil(_arena.Now + TimeSpan.FromMinutes(10));
        _arena.CheckEmpty();
        _server.AddTo(_arena.Tallies);
    }
}
