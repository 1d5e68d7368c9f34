namespace TurnServer.Bench.HttpCost;

/// <summary>How often and how long the two servers are driven.</summary>
/// <param name="Seconds">The length of one run.</param>
/// <param name="Rounds">How often each server is driven, after a run to warm up.</param>
/// <param name="Connections">Connections, an even number: two play one game.</param>
/// <param name="Port">The port of this server; the bare one takes the next.</param>
/// <param name="ServerFlags">Further flags for this server.</param>
internal sealed record HttpCostOptions(int Seconds, int Rounds, int Connections, int Port, string[] ServerFlags);

/// <summary>
/// Compares the CPU time of one update on this server with that of one request to a bare HttpListener, driven in turn
/// by the same client with the same bodies.
/// </summary>
internal static class HttpCostCommand
{
    private const double RatioGoal = 1.15;
    private const int FirstRound = 1;

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(HttpCostOptions options)
    {
        if (!Wrk.IsInstalled())
        {
            await Console.Error.WriteLineAsync("http-cost needs wrk: apt-get install wrk");
            return 1;
        }

        try
        {
            await MeasureAsync(options);
            return 0;
        }
        catch (HttpCostException e)
        {
            await Console.Error.WriteLineAsync($"http-cost: {e.Message}");
            return 1;
        }
    }

    private static async Task MeasureAsync(HttpCostOptions options)
    {
        var directory = AppContext.BaseDirectory;
        using var server = await MeasuredProcess.StartAsync("turnserver", options.Port,
            [Path.Combine(directory, "turnserver.dll"), "--port", $"{options.Port}", .. options.ServerFlags]);
        using var bare = await MeasuredProcess.StartAsync("bare", options.Port + 1,
            [Path.Combine(directory, "TurnServer.Bench.dll"), "bare", "--port", $"{options.Port + 1}"]);
        using var setup = new SeatSetup(options.Port);

        Console.WriteLine($"{options.Connections} connections, {options.Seconds} s a run; "
            + "round 0 warms up and does not count");
        Console.WriteLine("round server     requests/s CPU µs/request peak RSS MB  ratio");
        var ratios = new List<double>();
        for (var round = 0; round < FirstRound + options.Rounds; round++)
        {
            // Who goes second finds a machine that the first has warmed, or worn: so they take turns.
            var isServerFirst = round % 2 == 0;
            var first = await DriveAsync(isServerFirst ? server : bare, isServerFirst);
            var second = await DriveAsync(isServerFirst ? bare : server, !isServerFirst);
            var ratio = isServerFirst ? first / second : second / first;
            Console.WriteLine($"{round,5} {"",-48} {ratio,6:0.000}");
            if (round >= FirstRound)
                ratios.Add(ratio);

            async Task<double> DriveAsync(MeasuredProcess target, bool isServer)
            {
                var (cost, line) = await MeasureRunAsync(target, isServer, setup, options);
                Console.WriteLine($"{round,5} {line}");
                return cost;
            }
        }

        Console.WriteLine($"median CPU per request, turnserver/bare: {Median(ratios):0.000} "
            + $"(from {ratios.Min():0.000} to {ratios.Max():0.000}; goal: at most {RatioGoal:0.00})");
    }

    private static async Task<(double MicrosecondsPerRequest, string Line)> MeasureRunAsync(MeasuredProcess target,
        bool isServer, SeatSetup setup, HttpCostOptions options)
    {
        // New games each time: how far wrk's last requests went is not known. The bare server is sent the same bodies.
        var seats = await setup.StartGamesAsync(options.Connections / 2);
        var before = target.CpuSeconds;
        var run = await Wrk.RunAsync(target.Port, seats, options.Seconds);
        var microseconds = (target.CpuSeconds - before) * 1e6 / run.Requests;
        if (run.Counters.Sum() < run.Requests || run.Counters.Any(sent => sent < 2))
            throw new HttpCostException($"{run.Requests} replies to counters {string.Join(',', run.Counters)}");
        for (var i = 0; isServer && i < seats.Count; i++)
            await setup.CheckCounterAsync(seats[i], run.Counters[i] - 1);
        return (microseconds, $"{target.Name,-10} {run.Requests / run.Seconds,10:0} {microseconds,14:0.00} "
            + $"{target.PeakResidentMegabytes,11:0.0}");
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
