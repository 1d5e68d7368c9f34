using TurnServer.Rules;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Draws a history from a seed: the world, and every act of it ahead of time. Each history has its own faults in its
/// own measure, as one that has all of them at once never gets anywhere.
/// </summary>
internal sealed class Script
{
    private const int HostilePerMille = 120;
    private readonly Chance _chance;
    private readonly bool _canCrash;
    private readonly int _lossPerMille;
    private readonly int _copiesPerMille;
    private readonly int _latePerMille;
    private readonly int _lateMsMax;
    private readonly int _gapMsMax;
    private readonly int _jumpsPerMille;
    private readonly int _jumpMsMax;
    private readonly int _sticksPerMille;

    private Script(ulong seed, HistorySize size, bool canCrash)
    {
        _chance = new Chance(seed);
        _canCrash = canCrash;
        _lossPerMille = _chance.Of([0, 0, 50, 150, 400]);
        _copiesPerMille = _chance.Of([0, 0, 50, 250]);
        _latePerMille = _chance.Of([0, 100, 500, 900]);
        _lateMsMax = _chance.Of([20, 500, 5_000, 20_000]);
        _gapMsMax = _chance.Of([0, 10, 300, 2_000]) / Math.Max(1, size.Players / 8);
        _jumpsPerMille = _chance.Of([0, 5, 20, 100]) / Math.Max(1, size.Players / 8);
        _jumpMsMax = _chance.Of([6_000, 15_000, 65_000]);
        _sticksPerMille = _chance.Of([0, 0, 600, 950]);
        World = DrawWorld(seed, size.Players);
        Acts = DrawActs(size.Acts);
    }

    public World World { get; }

    public IReadOnlyList<Act> Acts { get; }

    /// <summary>The history of this seed.</summary>
    public static Script Of(ulong seed, HistorySize size, bool canCrash) => new(seed, size, canCrash);

    private World DrawWorld(ulong seed, int players)
    {
        var isCramped = _chance.Is(150);
        var misbehavePerMille = _chance.Of([0, 0, 200, 500]);
        var namesPerMille = _chance.Of([0, 0, 300, 900]);
        var holdsPerMille = _chance.Of([0, 400, 1000]);
        var hasSharedNames = _chance.Is(300);
        var addresses = _chance.Of([1, 2, 5, 60]);
        var names = Names(players, hasSharedNames);
        var tempers = new List<Temper>(players);
        for (var i = 0; i < players; i++)
        {
            tempers.Add(new Temper
            {
                Name = names[i],
                Wanted = _chance.Is(namesPerMille) ? Wish(names, i) : null,
                From = World.Address(_chance.Below(addresses)),
                Behaves = !_chance.Is(misbehavePerMille),
                SaysReceived = _chance.Is(700),
                UsesToken = _chance.Is(500),
                KeepsToken = _chance.Is(300),
                LongTimeout = _chance.Is(100),
                HoldsPerMille = holdsPerMille,
            });
        }

        return new World
        {
            Seed = seed,
            Options = DrawOptions(players, isCramped),
            Players = tempers,
            TimerLag = TimeSpan.FromMilliseconds(_chance.Of([0, 0, 0, 1, 700, 12_000])),
            // After a crash a key may be one that nobody was told, and cannot be looked for.
            RepeatsKeys = _chance.Is(150) && !_canCrash,
            HostileTurns = tempers.TrueForAll(temper => temper.SaysReceived || !temper.Behaves) && _chance.Is(600),
            LongTurns = players < 20 && _chance.Is(_sticksPerMille > 900 && players < 5 ? 700 : 30),
            IsCramped = isCramped,
        };
    }

    private RulesOptions DrawOptions(int players, bool isCramped)
    {
        var unit = _chance.Of([1.0, 5.0, 25.0]);
        return new RulesOptions
        {
            PairingTimeout = TimeSpan.FromSeconds(unit),
            LongPairingTimeout = TimeSpan.FromSeconds(unit * _chance.Between(1, 4)),
            LoadTimeout = TimeSpan.FromSeconds(unit * _chance.Of([0.5, 1.2, 2])),
            GameTimeout = TimeSpan.FromSeconds(unit * _chance.Of([0.8, 1.2, 2])),
            PlayersMax = isCramped ? _chance.Between(1, players) : 10_000,
            GamesMax = isCramped ? _chance.Between(0, (players / 2) + 1) : 5_000,
            PlayersPerAddressMax = isCramped ? _chance.Between(0, players) : 0,
        };
    }

    private List<string> Names(int players, bool areShared)
    {
        var names = new List<string>();
        for (var i = 0; i < players; i++)
        {
            var name = areShared ? "n" + _chance.Below(1 + (players / 2)) : "n" + i;
            names.Add(_chance.Is(HostilePerMille) && (areShared || i < Hostile.Names.Count)
                ? Hostile.Names[areShared ? _chance.Below(Hostile.Names.Count) : i]
                : name);
        }

        return names;
    }

    // Mostly each other, so that some do meet; else anybody, themselves or a stranger.
    private string? Wish(List<string> names, int self)
    {
        var neighbour = self ^ 1;
        if (neighbour < names.Count && _chance.Is(800))
            return NullIfAnybody(names[neighbour]);
        return _chance.Is(800) ? NullIfAnybody(_chance.Of(names)) : "nobody";
    }

    // Naming * is naming nobody.
    private static string? NullIfAnybody(string name) => name == "*" ? null : name;

    private List<Act> DrawActs(int count)
    {
        var acts = new List<Act>(count);
        var at = 0L;
        var player = 0;
        for (var i = 0; i < count; i++)
        {
            if (_chance.Is(_jumpsPerMille))
                at += _chance.Below(_jumpMsMax);
            else if (_gapMsMax > 0 && _chance.Is(800))
                at += _chance.Below(_gapMsMax);
            // In some histories, once there are games, one player does much before another does, and backlogs grow.
            if (i <= count / 3 || !_chance.Is(_sticksPerMille))
                player = _chance.Below(World.Players.Count);
            acts.Add(new Act(at, player, DrawIntent(), _chance.Draw(), DrawFate()));
        }

        return acts;
    }

    private Intent DrawIntent() => _chance.Below(1000) switch
    {
        < 20 => Intent.Leave,
        < 30 => Intent.Sleep,
        < 31 => Intent.Drain,
        < 40 when _canCrash => Intent.Crash,
        < 300 => Intent.Misbehave,
        < 305 => Intent.Freeze,
        _ => Intent.Behave,
    };

    private Fate DrawFate() => new(Delay(), Delay(), _chance.Is(_copiesPerMille) ? Delay() : -1, Delay());

    private int Delay()
    {
        if (_chance.Is(_lossPerMille))
            return -1;
        return _chance.Is(_latePerMille) ? _chance.Below(_lateMsMax) : 0;
    }
}

/// <summary>How many players and acts a history has.</summary>
internal readonly record struct HistorySize(int Players, int Acts)
{
    /// <summary>Mostly small and nasty; a few in each hundred are larger.</summary>
    public static HistorySize Draw(Chance chance, int? acts)
    {
        var players = chance.Below(1000) switch
        {
            < 400 => 2,
            < 700 => chance.Between(3, 4),
            < 950 => chance.Between(5, 8),
            < 998 => chance.Between(9, 40),
            _ => chance.Between(100, 400),
        };
        return new HistorySize(players, acts ?? players * chance.Between(15, 50));
    }
}
