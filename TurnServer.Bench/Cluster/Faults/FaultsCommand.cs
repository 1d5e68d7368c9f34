using TurnServer.Bench.Cli;
using TurnServer.Bench.Processes;
using TurnServer.Cli;
using TurnServer.Service;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>The subcommand <c>cluster-faults</c> and its options.</summary>
internal static class FaultsCommand
{
    private const string Notes = """
        Starts three etcds and some servers on this machine, lets simulated players play on them, and kills,
        stops, freezes and cuts off one part after the other: SIGKILL or SIGTERM and a start after a moment;
        SIGSTOP for 10 s; 7 s without any packet. Checks that every turn arrives once and in order and that no
        player is dropped, and prints for how long games stood still.

        As root each machine gets a network namespace of its own, so that it can be cut off; otherwise, or
        with --loopback, all run on 127.0.0.1 and nothing is cut off. Needs etcd (apt-get install etcd-server)
        and, for --haproxy, haproxy.
        """;

    public static Subcommand Create()
    {
        var defaults = new FaultsOptions { Port = DefaultPorts.ClusterFaults };
        var faults = Options.Whole("--faults", "how many faults", defaults.Faults, 1, 10_000);
        var seed = Options.Whole("--seed", "seed of the faults", defaults.Seed, 0, int.MaxValue);
        var games = Options.Whole("--games", "games at a time", defaults.Games, 2, 1000);
        var rate = Options.Number("--rate", "turns a second of each player", defaults.Rate, 0.1, 100);
        var servers = Options.Whole("--nodes", "turn servers", defaults.Servers, 2, FaultsOptions.ServersMax);
        var shards = Options.Value("--shards", "shards that the games are spread over: a power of two; 0: one table",
            ClusterFlags.Shards, defaults.GameShards);
        var haproxy = Options.Switch("--haproxy", "one address, HAProxy's; otherwise players know all");
        var loopback = Options.Switch("--loopback", "no network namespaces");
        var only = Options.Text("--only", "TEXT", "only faults with this in their names, such as 'freeze owner'");
        var logs = Options.Text("--logs", "DIR", "where to leave the logs of servers and etcds");
        var server = Options.Text("--server", "FILE", "executable of another build, as ./run.sh publish makes it");
        var port = Options.Port($"first of {FaultsOptions.PortsUsed} ports", defaults.Port, FaultsOptions.PortsUsed);
        return new Subcommand("cluster-faults", "kill, freeze and cut off parts of a cluster while games are played")
        {
            Flags = [faults, seed, games, rate, servers, shards, haproxy, loopback, only, logs, server, port],
            Notes = Notes,
            ExitCodes =
            [
                (ExitCode.Ok, "no turn was lost or doubled, and no player dropped"),
                (1, "something was, or it cannot run; the output says what"), (ExitCode.Usage, "an option is wrong"),
            ],
            SimulatesPlayers = true,
        }.Does((result, errors) => new FaultsOptions
        {
            Faults = faults.Read(result, errors),
            Seed = seed.Read(result, errors),
            Games = games.Read(result, errors),
            Rate = rate.Read(result, errors),
            Servers = servers.Read(result, errors),
            GameShards = shards.Read(result, errors) ?? 0,
            ThroughBalancer = haproxy.Read(result, errors),
            HasNetworks = !loopback.Read(result, errors) && Networks.ArePossible,
            Only = only.Read(result, errors),
            Logs = logs.Read(result, errors),
            Server = server.Read(result, errors),
            Port = port.Read(result, errors),
        }, RunAsync);
    }

    private static async Task<int> RunAsync(FaultsOptions options, CancellationToken cancel)
    {
        using var signal = new StopSignal();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signal.Token, cancel);
        Console.WriteLine($"{options.Faults} faults, seed {options.Seed}, {options.Games} games, "
            + $"{options.Servers} servers, "
            + (options.GameShards > 0 ? $"{options.GameShards} shards, " : "")
            + (options.ThroughBalancer ? "through HAProxy, " : "players know all addresses, ")
            + (options.HasNetworks ? "a network namespace for each machine" : "on 127.0.0.1, so nothing is cut off"));
        try
        {
            var report = await FaultsRun.RunAsync(options, Console.Out, stop.Token);
            Console.Write(report.Compose());
            return report.IsGood ? ExitCode.Ok : 1;
        }
        catch (BenchException e)
        {
            await Console.Error.WriteLineAsync($"cluster-faults: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("cluster-faults: stopped before it began");
            return 1;
        }
    }
}
