using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Rivals;

/// <summary>The subcommand <c>rivals</c>: this server beside what one would use instead.</summary>
internal static class RivalsCommand
{
    private const int RoundWidth = 4;

    private const string Notes = """
        Pairs of players take turns on each server in a process of its own, at full speed (a turn is sent
        when the one before has arrived) and at five turns a second of each player, driven by the same
        client on this machine. The C# servers are compiled ahead of time, as ./run.sh publish does.
        Colyseus and socket.io are installed with npm; Node.js and nginx must be installed. What cannot be
        had is left out, with the reason.
        """;

    private static string Names => string.Join(", ", Rival.All.Select(rival => rival.Name));

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var defaults = new RivalsOptions { Port = DefaultPorts.Rivals };
        var seconds = Options.Whole("--seconds", "length of each run", (int)defaults.RunLength.TotalSeconds, 1, 25);
        var rounds = Options.Whole("--rounds", "measured rounds, after one to warm up", defaults.Rounds, 1, 100);
        var pairs = Options.Whole("--pairs", "pairs of players", defaults.Pairs, 1, 1000);
        var idle = Options.Value("--idle", "COUNT", "idle players for memory, an even number; 0: none", ParseIdle,
            defaults.Idle, $"{defaults.Idle}");
        var only = Options.Value("--only", "NAMES", $"some of {Names}", ParseNames, defaults.Only, null);
        var folder = Options.Text("--folder", "FOLDER", "where to install them [TurnServer.Bench/bin/rivals]");
        var with = Options.Text("--with", "FILE", "executable of another build of this server, measured as well");
        var jit = Options.Switch("--jit", "run the C# servers with the JIT compiler instead");
        var port = Options.Port($"first of {RivalsOptions.PortsUsed} ports", defaults.Port, RivalsOptions.PortsUsed);
        return new Subcommand("rivals", "compare this server with Colyseus, socket.io and others")
        {
            Flags = [seconds, rounds, pairs, idle, only, folder, with, jit, port],
            Notes = Notes,
        }.Does((result, errors) => new RivalsOptions
        {
            RunLength = TimeSpan.FromSeconds(seconds.Read(result, errors)),
            Rounds = rounds.Read(result, errors),
            Pairs = pairs.Read(result, errors),
            Idle = idle.Read(result, errors),
            Only = only.Read(result, errors),
            Folder = folder.Read(result, errors) ?? defaults.Folder,
            With = with.Read(result, errors),
            IsJit = jit.Read(result, errors),
            Port = port.Read(result, errors),
        }, (options, _) => RunAsync(options, Console.Out, Console.Error));
    }

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(RivalsOptions options, TextWriter output, TextWriter errors)
    {
        try
        {
            var workshop = new Workshop(options.Folder, options.IsJit, output);
            var rivals = await MeasureAsync(options, workshop, output);
            if (options.Idle > 0)
                await MeasureMemoryAsync(rivals, options, workshop, output);
            return 0;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"rivals: {e.Message}");
            return 1;
        }
    }

    private static (int, string?) ParseIdle(string text) =>
        int.TryParse(text, out var count) && count is >= 0 and <= 9000 && count % 2 == 0
            ? (count, null)
            : (0, "an even number from 0 to 9000");

    private static (IReadOnlyList<string>, string?) ParseNames(string text)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        return names.All(name => Rival.All.Any(rival => rival.Name == name))
            ? (names, null)
            : ([], $"some of {Names}");
    }

    private static async Task<IReadOnlyList<Rival>> MeasureAsync(RivalsOptions options, Workshop workshop,
        TextWriter output)
    {
        using var field = await Field.StartAsync(options, workshop);
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, "
            + $"C# servers {(options.IsJit ? "with the JIT compiler" : "compiled ahead of time")}; "
            + $"{options.Pairs} pairs, {options.RunLength.TotalSeconds} s a run; round 0 warms up and does not count");
        foreach (var reason in field.LeftOut)
            await output.WriteLineAsync($"left out: {reason}");
        await output.WriteLineAsync(RivalsReport.Heads("round ".Length + RoundWidth));
        var rivals = field.Rivals;
        var rounds = new List<RoundFigures[]>();
        for (var round = 0; round <= options.Rounds; round++)
        {
            var measured = new RoundFigures[rivals.Count];
            foreach (var number in Rotation.Order(rivals.Count, round))
            {
                measured[number] = field.Measure(number, options);
                var row = RivalsReport.Row(rivals[number].Title, [measured[number]]);
                await output.WriteLineAsync($"round {round,-RoundWidth}{row}");
            }

            if (round > 0)
                rounds.Add(measured);
        }

        await output.WriteAsync(RivalsReport.Compose(rivals, rounds));
        return rivals;
    }

    private static async Task MeasureMemoryAsync(IReadOnlyList<Rival> rivals, RivalsOptions options, Workshop workshop,
        TextWriter output)
    {
        var measured = new List<(Rival, double)>();
        foreach (var rival in rivals.Where(rival => !rival.IsEcho))
            measured.Add((rival, await IdleMemory.MeasureAsync(rival, workshop, options)));
        await output.WriteAsync(RivalsReport.ComposeMemory(options.Idle, measured));
    }
}
