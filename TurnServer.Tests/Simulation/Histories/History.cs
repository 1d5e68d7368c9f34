using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Plays one history: its steps; then a phase with a fault-free network and no misbehaving players, in which all others
/// must make progress; then all players leave, and nothing may remain.
/// </summary>
internal sealed class History
{
    private const int RoundsMin = 40;
    private const int RoundsWithTightLimits = 30;

    private readonly World _world;
    private readonly IReadOnlyList<Step> _steps;
    private readonly Harness _harness;
    private readonly SimulatedServer _server;
    private readonly Trace? _trace;

    private History(World world, IReadOnlyList<Step> steps, SimulatedServer server, Trace? trace)
    {
        _world = world;
        _steps = steps;
        _server = server;
        _trace = trace;
        _harness = new Harness(world, server, trace);
        for (var i = 0; i < world.Players.Count; i++)
            _harness.Add(new SimPlayer(i, world.Players[i], world, _harness.Invariants));
    }

    /// <summary>Plays it to the end.</summary>
    /// <exception cref="MismatchException">The server did something wrong.</exception>
    public static Statistics Play(World world, IReadOnlyList<Step> steps, SimulatedServer server, Trace? trace = null)
    {
        var history = new History(world, steps, server, trace);
        history.PlaySteps();
        history.PlayFair();
        history.EndAll();
        return history._harness.Statistics;
    }

    private void PlaySteps()
    {
        foreach (var step in _steps)
        {
            var at = Harness.At(step.AtMs);
            // Some steps join the one before, so that their requests form a batch.
            if (at > _harness.Now || step.Draw % 4 != 0)
                _harness.RunUntil(at > _harness.Now ? at : _harness.Now);
            Do(step);
            _harness.Statistics.Events++;
        }
    }

    private void Do(in Step step)
    {
        var player = _harness.Players[step.Player];
        var random = new SeededRandom(step.Draw);
        switch (step.Kind)
        {
            case StepKind.Drain: _harness.Drain(); break;
            case StepKind.Crash: _harness.Crash(step.Draw); break;
            case StepKind.Suspend: _harness.Suspend(step.Draw); break;
            case StepKind.Sleep:
                _trace?.SetTime(_harness.Now - Harness.At(0));
                _trace?.Add($"{player.Id} falls silent");
                player.Sleep(_harness.Now + TimeSpan.FromSeconds(random.Below(60)));
                break;
            case StepKind.Leave:
                _harness.Send(player.Leave(random, step.Transit.Reply, _harness.Now), step.Transit);
                break;
            case StepKind.Misbehave when !player.Profile.Behaves:
                _harness.Send(player.Misbehave(random, _harness.Players, step.Transit.Reply), step.Transit);
                break;
            default: _harness.Send(player.Behave(random, step.Transit.Reply, _harness.Now), step.Transit); break;
        }
    }

    // In each round every behaving player sends one request; rounds are short enough that nobody times out.
    private void PlayFair()
    {
        var behaving = _harness.Players.Where(player => player.Profile.Behaves).ToList();
        var random = new SeededRandom(_world.Seed ^ 0xFA12);
        var marks = new Dictionary<GameLog, (int Sent, int Answered)>();
        var options = _world.Options;
        // With tight limits or shared keys, a player may have to wait forever.
        var mayBeStuck = _world.HasTightLimits || _world.RepeatsKeys;
        TimeSpan[] timeouts = [options.PairingTimeout, options.LoadTimeout, options.GameTimeout];
        var longest = timeouts.Append(options.LongPairingTimeout).Max();
        var spacing = timeouts.Min() / 4;
        var roundsMax = mayBeStuck
            ? RoundsWithTightLimits
            : RoundsMin + (int)(((longest * 4) + (_world.TimerLag * 4) + TimeSpan.FromSeconds(90)) / spacing);
        _server.EndFaults();
        foreach (var player in behaving)
            player.Wake();
        for (var round = 0; round < roundsMax; round++)
        {
            foreach (var player in behaving)
                _harness.Send(player.Behave(random, 0, _harness.Now, isFair: true), Transit.Fair);
            _harness.Statistics.Events += behaving.Count;
            _harness.RunUntil(_harness.Now + spacing);
            if (!mayBeStuck && round % 4 == 3 && behaving.FindAll(IsStuck).Count == 0)
                return;
        }

        if (!mayBeStuck && behaving.Find(IsStuck) is { } stuck)
            throw new MismatchException($"progress of player {stuck.Id} without network faults", $"{stuck.Stage}");

        // Call it for every player: the first call records a baseline.
        bool IsStuck(SimPlayer player) => !HasProgressed(player, behaving, marks);
    }

    // In a game whose turns arrive; or waiting, without a possible partner.
    private static bool HasProgressed(SimPlayer player, List<SimPlayer> behaving,
        Dictionary<GameLog, (int Sent, int Answered)> marks)
    {
        if (player.Stage == Stage.Playing)
        {
            var log = player.Log!;
            marks.TryAdd(log, (log.Partner?.Confirmed ?? log.Confirmed, log.Answered));
            var (sent, answered) = marks[log];
            // All turns accepted from the partner before the baseline have arrived, and two more updates are answered.
            return log.IsTainted || (log.Answered > answered + 2 && log.Received > 0
                && (log.Partner is not { Behaves: true, IsTainted: false } || log.Received >= sent));
        }

        return player.Stage == Stage.Registered
            && !behaving.Exists(other => other != player && CouldPair(player, other));
    }

    private static bool CouldPair(SimPlayer player, SimPlayer other)
    {
        var (mine, its) = (player.Profile, other.Profile);
        if (other.Stage != Stage.Registered)
            return false;
        if (mine.Pool != its.Pool)
            return false;
        return mine.Wanted is null
            ? its.Wanted is null
            : mine.Wanted == its.Name && its.Wanted == mine.Name;
    }

    private void EndAll()
    {
        var random = new SeededRandom(_world.Seed ^ 0x1EAE);
        foreach (var player in _harness.Players)
        {
            if (random.Is(700))
                _harness.Send(player.Leave(random, 0, _harness.Now), Transit.Fair);
        }

        var counters = _server.GetStatistics();
        _harness.Statistics.Turns = counters.Turns;
        _harness.Statistics.Games = counters.GamesStarted;
        // Late requests may still register a player, who then times out.
        for (var i = 0; i < 3; i++)
            _harness.RunUntil(_harness.Now + TimeSpan.FromMinutes(10));
        _harness.CheckEmpty();
        _server.AddTo(_harness.Statistics);
    }
}
