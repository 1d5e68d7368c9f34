using System.Diagnostics;
using TurnServer.Bench.Client;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Rivals;

/// <summary>The servers that could be had, each in a process of its own.</summary>
internal sealed class Field : IDisposable
{
    /// <summary>Turns a second of each player at the pace of a game; the two of a pair alternate.</summary>
    public const int TurnsPerSecond = 5;

    // 64 MB, as in the unit, for all C# servers: the bare ones without it would be measured with another collector.
    private static readonly (string Name, string Value)[] Installed =
        [("DOTNET_GCgen0size", "4000000"), ("DOTNET_EnableDiagnostics", "0")];

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1) / (2 * TurnsPerSecond);

    private readonly List<(Rival Rival, MeasuredServer Server)> _servers = [];
    private readonly List<string> _leftOut = [];

    /// <summary>Those that run, in the order of <see cref="Rival.All"/>.</summary>
    public IReadOnlyList<Rival> Rivals => [.. _servers.Select(pair => pair.Rival)];

    /// <summary>Those that cannot be had, each with the reason.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Starts all that can be had.</summary>
    /// <exception cref="BenchException">This server does not start.</exception>
    public static async Task<Field> StartAsync(RivalsOptions options, Workshop workshop)
    {
        var field = new Field();
        try
        {
            foreach (var (i, wanted) in options.Wanted.Index())
            {
                if (wanted is { } rival)
                    await field.StartAsync(rival, workshop, options.Port + i);
            }

            return field;
        }
        catch
        {
            field.Dispose();
            throw;
        }
    }

    /// <summary>Starts a server with these environment variables.</summary>
    /// <exception cref="BenchException">It cannot be had or does not start.</exception>
    public static async Task<MeasuredServer> StartAsync(Rival rival, Workshop workshop, int port,
        IEnumerable<(string Name, string Value)> environment)
    {
        var start = await rival.Start(workshop, port);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return await MeasuredServer.StartAsync(rival.Title, port, start);
    }

    /// <summary>Measures one of <see cref="Rivals"/>.</summary>
    /// <exception cref="BenchException">A turn did not arrive.</exception>
    public RoundFigures Measure(int number, RivalsOptions options)
    {
        var (rival, server) = _servers[number];
        return new RoundFigures(Run(TimeSpan.Zero), Run(Period));

        RunFigures Run(TimeSpan period)
        {
            using var pairs = rival.Connect(server.Port, options.Pairs);
            var plays = pairs.Seats.Chunk(2).Select((seats, i) => new PairPlay(seats[0], seats[1], rival.IsEcho, period,
                period * i / options.Pairs)).ToList();
            var before = server.Usage;
            var run = Driver.Run(plays, options.RunLength);
            var after = server.Usage;
            var latencies = plays.SelectMany(play => play.Latencies).Order().ToList();
            return new RunFigures(run.Turns / run.Seconds, (after.CpuSeconds - before.CpuSeconds) * 1e6 / run.Turns,
                run.CpuSeconds * 1e6 / run.Turns, Milliseconds(0.5), Milliseconds(0.99));

            double Milliseconds(double part) => Stopwatch.GetElapsedTime(0,
                latencies[(int)((latencies.Count - 1) * part)]).TotalMilliseconds;
        }
    }

    public void Dispose() => _servers.ForEach(pair => pair.Server.Dispose());

    private async Task StartAsync(Rival rival, Workshop workshop, int port)
    {
        try
        {
            _servers.Add((rival, await StartAsync(rival, workshop, port, Installed)));
        }
        catch (Exception e) when ((e is BenchException or IOException or UnauthorizedAccessException)
            && rival.Name is not (Rival.Own or Rival.OwnHttp))
        {
            _leftOut.Add($"{rival.Title}: {e.Message}");
        }
    }
}
