using TurnServer.Rules;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// A history drawn from a seed in advance: its world and all its steps. Each history draws its own fault rates, because
/// with all faults at their worst no game would ever start.
/// </summary>
internal sealed class HistoryPlan
{
    private const int HostilePerMille = 120;
    private readonly SeededRandom _random;
    private readonly bool _canCrash;
    private readonly int _lossPerMille;
    private readonly int _copiesPerMille;
    private readonly int _latePerMille;
    private readonly int _lateMsMax;
    private readonly int _gapMsMax;
    private readonly int _jumpsPerMille;
    private readonly int _jumpMsMax;
    private readonly int _samePlayerPerMille;

    private HistoryPlan(ulong seed, HistorySize size, bool canCrash)
    {
        _random = new SeededRandom(seed);
        _canCrash = canCrash;
        _lossPerMille = _random.Of([0, 0, 50, 150, 400]);
        _copiesPerMille = _random.Of([0, 0, 50, 250]);
        _latePerMille = _random.Of([0, 100, 500, 900]);
        _lateMsMax = _random.Of([20, 500, 5_000, 20_000]);
        _gapMsMax = _random.Of([0, 10, 300, 2_000]) / Math.Max(1, size.Players / 8);
        _jumpsPerMille = _random.Of([0, 5, 20, 100]) / Math.Max(1, size.Players / 8);
        _jumpMsMax = _random.Of([6_000, 15_000, 65_000]);
        _samePlayerPerMille = _random.Of([0, 0, 600, 950]);
        World = DrawWorld(seed, size.Players);
        Steps = DrawSteps(size.Steps);
    }

    public World World { get; }

    public IReadOnlyList<Step> Steps { get; }

    /// <summary>Draws the history of a seed.</summary>
    public static HistoryPlan Of(ulong seed, HistorySize size, bool canCrash) => new(seed, size, canCrash);

    private World DrawWorld(ulong seed, int players)
    {
        var hasTightLimits = _random.Is(150);
        var misbehavePerMille = _random.Of([0, 0, 200, 500]);
        var namesPerMille = _random.Of([0, 0, 300, 900]);
        var holdsPerMille = _random.Of([0, 400, 1000]);
        var hasSharedNames = _random.Is(300);
        var addresses = _random.Of([1, 2, 5, 60]);
        var names = Names(players, hasSharedNames);
        // Mostly one pool, so that pairs form.
        string?[] pools = _random.Is(600) ? [null] : [null, "a", "a|", "A"];
        var profiles = new List<Profile>(players);
        for (var i = 0; i < players; i++)
        {
            profiles.Add(new Profile
            {
                Name = names[i],
                Wanted = _random.Is(namesPerMille) ? Wish(names, i) : null,
                Pool = pools[_random.Below(1 + _random.Below(pools.Length))],
                From = World.Address(_random.Below(addresses)),
                Behaves = !_random.Is(misbehavePerMille),
                SaysReceived = _random.Is(700),
                UsesToken = _random.Is(500),
                KeepsToken = _random.Is(300),
                LongTimeout = _random.Is(100),
                HoldsPerMille = holdsPerMille,
            });
        }

        return new World
        {
            Seed = seed,
            Options = DrawOptions(players, hasTightLimits),
            Players = profiles,
            TimerLag = TimeSpan.FromMilliseconds(_random.Of([0, 0, 0, 1, 700, 12_000])),
            // After a crash the model does not know the keys in lost replies.
            RepeatsKeys = _random.Is(150) && !_canCrash,
            HostileTurns = profiles.TrueForAll(profile => profile.SaysReceived || !profile.Behaves) && _random.Is(600),
            LongTurns = players < 20 && _random.Is(_samePlayerPerMille > 900 && players < 5 ? 700 : 30),
            HasTightLimits = hasTightLimits,
        };
    }

    private RulesOptions DrawOptions(int players, bool hasTightLimits)
    {
        var unit = _random.Of([1.0, 5.0, 25.0]);
        return new RulesOptions
        {
            PairingTimeout = TimeSpan.FromSeconds(unit),
            LongPairingTimeout = TimeSpan.FromSeconds(unit * _random.Between(1, 4)),
            LoadTimeout = TimeSpan.FromSeconds(unit * _random.Of([0.5, 1.2, 2])),
            GameTimeout = TimeSpan.FromSeconds(unit * _random.Of([0.8, 1.2, 2])),
            PlayersMax = hasTightLimits ? _random.Between(1, players) : 10_000,
            GamesMax = hasTightLimits ? _random.Between(0, (players / 2) + 1) : 5_000,
            PlayersPerAddressMax = hasTightLimits ? _random.Between(0, players) : 0,
        };
    }

    private List<string> Names(int players, bool areShared)
    {
        var names = new List<string>();
        for (var i = 0; i < players; i++)
        {
            var name = areShared ? "n" + _random.Below(1 + (players / 2)) : "n" + i;
            names.Add(_random.Is(HostilePerMille) && (areShared || i < HostileInputs.Names.Count)
                ? HostileInputs.Names[areShared ? _random.Below(HostileInputs.Names.Count) : i]
                : name);
        }

        return names;
    }

    // Mostly the neighbour, so that pairs form; otherwise anyone, oneself or an unknown name.
    private string? Wish(List<string> names, int self)
    {
        var neighbour = self ^ 1;
        if (neighbour < names.Count && _random.Is(800))
            return NullIfAny(names[neighbour]);
        return _random.Is(800) ? NullIfAny(_random.Of(names)) : "nobody";
    }

    // The name * means any partner.
    private static string? NullIfAny(string name) => name == "*" ? null : name;

    private List<Step> DrawSteps(int count)
    {
        var steps = new List<Step>(count);
        var at = 0L;
        var player = 0;
        for (var i = 0; i < count; i++)
        {
            if (_random.Is(_jumpsPerMille))
                at += _random.Below(_jumpMsMax);
            else if (_gapMsMax > 0 && _random.Is(800))
                at += _random.Below(_gapMsMax);
            // In some histories one player takes many steps in a row once games run, so that backlogs grow.
            if (i <= count / 3 || !_random.Is(_samePlayerPerMille))
                player = _random.Below(World.Players.Count);
            steps.Add(new Step(at, player, DrawKind(), _random.Draw(), DrawTransit()));
        }

        return steps;
    }

    private StepKind DrawKind() => _random.Below(1000) switch
    {
        < 20 => StepKind.Leave,
        < 30 => StepKind.Sleep,
        < 31 => StepKind.Drain,
        < 40 when _canCrash => StepKind.Crash,
        < 300 => StepKind.Misbehave,
        < 305 => StepKind.Suspend,
        _ => StepKind.Behave,
    };

    private Transit DrawTransit() => new(Delay(), Delay(), _random.Is(_copiesPerMille) ? Delay() : -1, Delay());

    private int Delay()
    {
        if (_random.Is(_lossPerMille))
            return -1;
        return _random.Is(_latePerMille) ? _random.Below(_lateMsMax) : 0;
    }
}

/// <summary>How many players and steps a history has.</summary>
internal readonly record struct HistorySize(int Players, int Steps)
{
    /// <summary>Mostly few players; a few histories in a hundred have many.</summary>
    public static HistorySize Draw(SeededRandom random, int? steps)
    {
        var players = random.Below(1000) switch
        {
            < 400 => 2,
            < 700 => random.Between(3, 4),
            < 950 => random.Between(5, 8),
            < 998 => random.Between(9, 40),
            _ => random.Between(100, 400),
        };
        return new HistorySize(players, steps ?? players * random.Between(15, 50));
    }
}
