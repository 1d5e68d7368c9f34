using TurnServer.Bench.Load;

namespace TurnServer.Tests.Bench;

/// <summary>Reports of load tests.</summary>
internal static class LoadReportSamples
{
    private const double StepsPerHalving = 5;

    private static readonly (int Number, string Name, double Median, double Spread, double Share)[] Symbols =
    [
        (0, "REGISTER", 0.62, 0.5, 0.004), (1, "UNREGISTER", 0.31, 0.4, 0.004), (2, "REQUEST_PAIR", 0.44, 0.5, 0.006),
        (3, "MAP_INIT", 0.33, 0.4, 0.004), (4, "MAP_READY", 0.36, 0.45, 0.005), (5, "GAME_QUIT", 0.29, 0.4, 0.004),
        (6, "GAME_UPDATE", 0.41, 0.6, 0.973),
    ];

    private static readonly (string Code, string Name, bool IsError, double Share)[] Codes =
    [
        ("0/9", "GAME_DATA", false, 0.71), ("0/10", "GAME_NO_DATA", false, 0.245),
        ("0/11", "GAME_REDUNDANT", false, 0.02), ("0/2", "PAIRING", false, 0.008),
        ("0/8", "START_PLAY", false, 0.006), ("0/7", "PARTNER_LOAD", false, 0.005),
        ("0/0", "REGISTER_OK", false, 0.003), ("0/1", "UNREGISTER_OK", false, 0.003),
    ];

    /// <summary>A test without violations, with a pause in its middle.</summary>
    public static LoadReport Good(int clients = 1000, int seconds = 60)
    {
        var random = new Random(20);
        var rate = clients * 2.0;
        var requests = (long)(rate * seconds);
        var busy = 1 + (clients / 4000.0 * clients / 4000.0);
        var microseconds = 24 + (900 / Math.Sqrt(clients));
        var growth = clients / 80.0;
        var latency = Latency(random, requests / 2, 0.52 * busy, 0.62, 84.3 * busy);
        var each = Enumerable.Range(0, seconds)
            .Select(second => Second(random, second, rate, busy, microseconds, growth)).ToList();
        return new LoadReport
        {
            Settings = new LoadSettings(new Uri("http://127.0.0.1:25000/"), clients, 2, TimeSpan.FromSeconds(seconds),
                Wait: false, Loss: 0.01),
            StartedAt = new DateTimeOffset(2026, 3, 14, 15, 9, 26, TimeSpan.FromHours(1)),
            Elapsed = TimeSpan.FromSeconds(seconds + 1.37),
            Requests = requests,
            TurnsSent = requests / 2,
            TurnsReceived = requests / 2,
            GamesPlayed = clients * 3L / 2,
            RepliesDropped = requests / 100,
            ComeBacks = 0,
            RequestsLost = 0,
            PlayersWithErrors = 0,
            Violations = [],
            ViolationCount = 0,
            WrongPartners = 0,
            PairingsChecked = 0,
            TurnLatency = latency,
            Symbols = [.. Symbols.Select(symbol => new SymbolStatistics(symbol.Number, symbol.Name, Latency(random,
                (long)(requests * symbol.Share), symbol.Median * busy, symbol.Spread, symbol.Median * busy * 140),
                symbol.Number is 2 or 4 or 6 ? (long)(requests * symbol.Share * 0.1) : 0))],
            Codes = [.. Codes.Select(code =>
                new CodeCount(code.Code, code.Name, code.IsError, (long)(requests * code.Share)))],
            ServerCompute = Latency(random, seconds, 0.018, 0.3, 0.42),
            Server = new ServerUsage(4242, requests * microseconds * 1e-6, microseconds, 58.25, 58.25 + growth,
                59.5 + growth),
            OwnCpuSeconds = requests * 42.5e-6,
            Seconds = each,
        };
    }

    /// <summary>A test with violations that quote the turns.</summary>
    public static LoadReport Bad() => Good() with
    {
        Violations =
        [
            "player 17 had turn 4 of player 18 twice: \"4,e2e4\"",
            "player 203 had turn 12 of player 204 before turn 11",
            "player 611 never had turn 97 of player 612: <script>alert(1)</script> & \u0000\ud800",
        ],
        ViolationCount = 1204,
        PlayersWithErrors = 12,
        RequestsLost = 7,
        Codes = [.. Good().Codes, new CodeCount("15/*", "NO_PLAYER_PARTNER", true, 24),
            new CodeCount("lost", "lost", true, 7)],
        Seconds = [.. Good().Seconds.Select(second => second.Second is 21 or 22 or 40
            ? second with { Codes = new Dictionary<string, long>(second.Codes) { ["15/*"] = 8, ["lost"] = 2 } }
            : second)],
    };

    /// <summary>A ramp.</summary>
    public static IReadOnlyList<LoadReport> Ramp() =>
        [.. new[] { 100, 200, 500, 1000, 2000, 5000, 10_000 }.Select(clients => Good(clients, 20))];

    /// <summary>A test without any reply.</summary>
    public static LoadReport Nothing()
    {
        var none = new LatencySummary(0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN)
        {
            Distribution = [],
        };
        return Good() with
        {
            Elapsed = TimeSpan.Zero,
            Requests = 0,
            TurnsSent = 0,
            TurnsReceived = 0,
            GamesPlayed = 0,
            TurnLatency = none,
            Symbols = [new SymbolStatistics(0, "REGISTER", none, 0)],
            Codes = [],
            ServerCompute = null,
            Server = null,
            Seconds = [],
        };
    }

    /// <summary>A latency distribution with a long tail.</summary>
    public static LatencySummary Latency(Random random, long count, double median, double spread, double max)
    {
        // Five points for each halving of the distance to 100 %, as HdrHistogram has them.
        var distribution = new List<PercentilePoint>();
        var halvings = Math.Log2(Math.Max(count, 2));
        var milliseconds = median * Math.Exp(-spread);
        for (var step = 0.0; step < halvings; step += 1 / StepsPerHalving)
        {
            distribution.Add(new PercentilePoint(100 * (1 - Math.Pow(0.5, step)), milliseconds));
            var left = (halvings - step) * StepsPerHalving;
            var slope = step < 1 ? spread : Math.Log(max / milliseconds) * StepsPerHalving / left;
            milliseconds *= Math.Exp(slope / StepsPerHalving * (0.1 + (random.NextDouble() * 1.2)));
            milliseconds = Math.Min(milliseconds, max);
        }

        distribution.Add(new PercentilePoint(100, max));
        double At(double percentile) =>
            distribution.First(point => point.Percentile >= percentile || point.Percentile >= 100).Milliseconds;
        return new LatencySummary(count, At(50) * 1.21, At(50), At(90), At(99), At(99.9), max)
        {
            Distribution = distribution,
        };
    }

    private static LoadSecond Second(Random random, int second, double rate, double busy, double microseconds,
        double growth)
    {
        var paused = second % 60 == 34;
        var requests = (long)(rate * (second == 0 ? 0.4 : paused ? 0.7 : 0.97 + (random.NextDouble() * 0.06)));
        var median = busy * (0.48 + (random.NextDouble() * 0.08)) * (second < 2 ? 2.2 : 1);
        var p99 = median * (3.4 + (random.NextDouble() * 1.6)) * (paused ? 9 : 1);
        var max = p99 * (1.5 + (random.NextDouble() * 2.5)) * (paused ? 2 : random.Next(9) == 0 ? 3 : 1);
        var codes = Codes.ToDictionary(code => code.Code, code => (long)(requests * code.Share));
        return new LoadSecond(second, requests, requests / 2, new SecondLatency(median, p99, max), codes,
            requests * microseconds * 1e-6 * (0.95 + (random.NextDouble() * 0.1)),
            58.25 + (growth * (1 - Math.Exp(-second / 8.0))) + random.NextDouble());
    }
}
