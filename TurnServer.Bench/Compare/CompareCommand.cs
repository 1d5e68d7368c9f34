using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Processes;
using TurnServer.Cli;

namespace TurnServer.Bench.Compare;

/// <summary>Options of <c>compare</c>.</summary>
/// <param name="RunLength">Length of one run of one server.</param>
/// <param name="Rounds">Measured rounds, after one to warm up.</param>
/// <param name="Connections">Concurrent requests, an even number.</param>
/// <param name="Port">The first of <see cref="Field.PortsUsed"/> ports.</param>
/// <param name="HasState">Whether to measure this server with <c>--state</c> as well.</param>
/// <param name="ServerFlags">Further flags for this server.</param>
internal sealed record CompareOptions(TimeSpan RunLength, int Rounds, int Connections, int Port, bool HasState,
    string[] ServerFlags);

/// <summary>
/// Compares the cost of this server with that of a bare HttpListener and a bare Kestrel, each in its own process,
/// driven in turn by the same client with the same requests.
/// </summary>
internal static class CompareCommand
{
    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var seconds = Options.Whole("--seconds", "length of one run", 2, 1, 25);
        var rounds = Options.Whole("--rounds", "measured rounds, after one to warm up", 9, 1, 100);
        var connections = Options.Value("--connections", "COUNT", "concurrent requests, an even number",
            ParseConnections, 8, "8");
        var port = Options.Port($"first of {Field.PortsUsed} ports", DefaultPorts.Compare, Field.PortsUsed);
        var state = Options.Switch("--state", "measure this server with --state as well");
        var flags = Options.ServerFlags();
        return new Subcommand("compare", "compare this server with a bare HttpListener and a bare Kestrel")
        {
            Flags = [seconds, rounds, connections, port, state],
            Arguments = [(flags, "[-- FLAGS]", "flags for this server")],
        }.Does((result, errors) => new CompareOptions(
            TimeSpan.FromSeconds(seconds.Read(result, errors)), rounds.Read(result, errors),
            connections.Read(result, errors), port.Read(result, errors), state.Read(result, errors),
            result.GetValue(flags) ?? []), (options, _) => RunAsync(options, Console.Out, Console.Error));
    }

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

    private static (int, string?) ParseConnections(string text)
    {
        var (count, expected) = FlagType.Whole("COUNT", 2, 256, "a count").Parse(text);
        return (count, expected ?? (count % 2 == 0 ? null : "an even number, two to a game"));
    }

    private static async Task MeasureAsync(CompareOptions options, TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}");
        await output.WriteLineAsync($"{options.Connections} concurrent requests, "
            + $"{options.RunLength.TotalSeconds} s a run; round 0 warms up and does not count");
        using var field = await Field.StartAsync(options);
        var contenders = field.Contenders;
        var rounds = new List<Measurement[]>();
        for (var round = 0; round <= options.Rounds; round++)
        {
            var measured = new Measurement[contenders.Count];
            foreach (var number in Rotation.Order(contenders.Count, round))
            {
                measured[number] = contenders[number].Measure(options);
                await output.WriteLineAsync(
                    $"round {round}  {CompareReport.Row(contenders[number].Name, measured[number])}");
            }

            if (round > 0)
                rounds.Add(measured);
        }

        await output.WriteAsync(CompareReport.Compose(contenders, rounds));
    }
}
