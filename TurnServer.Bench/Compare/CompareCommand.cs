using System.Runtime.InteropServices;

namespace TurnServer.Bench.Compare;

/// <summary>How often and how long each server is driven.</summary>
/// <param name="RunLength">How long each is driven in a round.</param>
/// <param name="Rounds">How often each server is driven, after a round to warm up.</param>
/// <param name="Connections">How many requests are on their way at once, an even number.</param>
/// <param name="Port">The first of <see cref="Field.PortsUsed"/> ports.</param>
/// <param name="HasState">Whether this server is also measured with its state on the disk.</param>
/// <param name="ServerFlags">Further flags for this server.</param>
internal sealed record CompareOptions(TimeSpan RunLength, int Rounds, int Connections, int Port, bool HasState,
    string[] ServerFlags);

/// <summary>
/// Compares what this server costs with what a bare HttpListener and a bare Kestrel cost: each in a process of its own,
/// driven in turn by the same client with the same requests.
/// </summary>
internal static class CompareCommand
{
    /// <summary>Measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(CompareOptions options, TextWriter output, TextWriter errors)
    {
        try
        {
            await MeasureAsync(options, output);
            return 0;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"compare: {e.Message}");
            return 1;
        }
    }

    private static async Task MeasureAsync(CompareOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}");
        await output.WriteLineAsync($"{options.Connections} requests on their way at once, "
            + $"{options.RunLength.TotalSeconds} s a run; round 0 warms up and does not count");
        using var field = await Field.StartAsync(options);
        var contenders = field.Contenders;
        var rounds = new List<Measurement[]>();
        for (var round = 0; round <= options.Rounds; round++)
        {
            var measured = new Measurement[contenders.Count];
            for (var i = 0; i < contenders.Count; i++)
            {
                // Who goes later finds a machine that the earlier ones have warmed, or worn: so the order goes round.
                var number = (round + i) % contenders.Count;
                measured[number] = await contenders[number].MeasureAsync(options);
                await output.WriteLineAsync(
                    $"round {round}  {CompareReport.Row(contenders[number].Name, measured[number])}");
            }

            if (round > 0)
                rounds.Add(measured);
        }

        await output.WriteAsync(CompareReport.Compose(contenders, rounds));
    }
}
