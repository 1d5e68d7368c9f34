using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Rivals;

/// <summary>The memory that a server takes for each player that is connected and waits for a turn.</summary>
internal static class IdleMemory
{
    // Garbage would count too: a small youngest generation leaves at most a megabyte of it.
    private static readonly (string Name, string Value)[] LittleGarbage =
        [("DOTNET_GCgen0size", "100000"), ("DOTNET_EnableDiagnostics", "0")];

    private const int WarmUpPairs = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>KB (1024 bytes) of resident memory for each player.</summary>
    /// <exception cref="BenchException">The server does not start or a connection is refused.</exception>
    public static async Task<double> MeasureAsync(Rival rival, Workshop workshop, RivalsOptions options)
    {
        using var server = await Field.StartAsync(rival, workshop, options.Port, LittleGarbage);
        Wait(WarmUpPairs).Dispose();
        await Task.Delay(Pause);
        var before = server.Usage.ResidentMegabytes;
        using var pairs = Wait(options.Idle / 2);
        await Task.Delay(Pause);
        return (server.Usage.ResidentMegabytes - before) * 1024 / pairs.Seats.Count;

        Seats.ConnectedPairs Wait(int count)
        {
            var connected = rival.Connect(options.Port, count);
            foreach (var seat in connected.Seats)
                seat.Await();
            return connected;
        }
    }
}
