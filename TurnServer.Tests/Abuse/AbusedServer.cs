using System.Globalization;
using TurnServer.Bench.Client;
using TurnServer.Bench.Load.Statistics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>
/// A server under abuse while honest pairs play on it. It runs with flags that an operator can set, and with the file
/// descriptor limit of this process.
/// </summary>
internal sealed class AbusedServer : IAsyncDisposable
{
    private const int PairCount = 4;

    // So that garbage collector and JIT have taken their memory before the abuse starts.
    private const int WarmUpTurns = 400;

    private readonly long _turnsBefore;
    private readonly Latencies _latencies;
    private readonly TimeSpan _cpuBefore;

    private AbusedServer(ServerChild server, HonestPairs pairs)
    {
        Server = server;
        Pairs = pairs;
        BaseBytes = server.ResidentBytes;
        _turnsBefore = pairs.Turns;
        _latencies = pairs.Measure();
        _cpuBefore = server.CpuTime;
    }

    public ServerChild Server { get; }

    public HonestPairs Pairs { get; }

    public int Port => Server.Port;

    /// <summary>Memory in use before the abuse, while the honest pairs play.</summary>
    public long BaseBytes { get; }

    /// <summary>Starts a server on which honest pairs play.</summary>
    public static Task<AbusedServer> StartAsync(params string[] flags) => StartAsync([], flags, null);

    /// <summary>The same with a limited heap: needing more ends the process.</summary>
    public static Task<AbusedServer> StartWithHeapAsync(long bytesMax, params string[] flags) => StartAsync(
        ["env", string.Create(CultureInfo.InvariantCulture, $"DOTNET_GCHeapHardLimit={bytesMax:x}")], flags, null);

    /// <summary>
    /// The same behind a reverse proxy that forwards a different address for each pair, with the size of the youngest
    /// generation from the unit file.
    /// </summary>
    public static Task<AbusedServer> StartBehindProxyAsync() =>
        StartAsync(["env", YoungestGeneration()], ["--trust-proxy"], pair => $"X-Forwarded-For: 198.51.100.{pair}\r\n");

    private static string YoungestGeneration()
    {
        const string Directive = "Environment=";
        return File.ReadLines(Repository.ServiceFile("turnserver.service"))
            .Single(line => line.StartsWith($"{Directive}DOTNET_GCgen0size=", StringComparison.Ordinal))
            [Directive.Length..];
    }

    /// <summary>
    /// Checks that the abuse had no effect: the honest pairs play on, new players can start a game, the log has no
    /// error, and memory stayed within its bound. Prints the measurements.
    /// </summary>
    /// <param name="what">Describes the abuse.</param>
    /// <param name="boundBytes">How much memory may have grown (<see cref="MemoryBound"/>).</param>
    public async Task CheckAsync(string what, long boundBytes)
    {
        var during = _latencies.Summarize();
        var turns = Pairs.Turns - _turnsBefore;
        var cpu = Server.CpuTime - _cpuBefore;
        await Pairs.PlayMoreAsync(PairCount);
        var newPlayers = new GameSetup(Port);
        newPlayers.Quit(newPlayers.Start(1));
        Pairs.End();
        var (peak, after) = (Server.PeakResidentBytes, Server.ResidentBytes);
        await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{what}: {turns} honest turns, p50 {during.Median:0.00} ms, p99 {during.P99:0.0} ms, "
            + $"max {during.Max:0} ms; memory {Mega(BaseBytes)} MB before, {Mega(peak)} at the peak, "
            + $"{Mega(after)} after, bound {Mega(BaseBytes + boundBytes)}; server CPU {cpu.TotalSeconds:0.0} s"));
        Assert.That(Server.HasExited, Is.False, Server.Errors);
        Assert.That(Server.Errors, Does.Not.Contain("Unhandled").And.Not.Contain("error:").And.Not.Contain("crit"));
        Assert.That(turns, Is.GreaterThan(PairCount), "the honest pairs played during the abuse");
        Assert.That(peak - BaseBytes, Is.LessThan(boundBytes), "peak memory");
    }

    public async ValueTask DisposeAsync()
    {
        Pairs.Dispose();
        await Server.DisposeAsync();
    }

    private static async Task<AbusedServer> StartAsync(string[] command, string[] flags, Func<int, string>? headers)
    {
        var server = await ServerChild.StartUnderAsync(command, flags);
        try
        {
            var pairs = HonestPairs.Start(server.Port, PairCount, headers);
            await pairs.PlayMoreAsync(WarmUpTurns);
            return new AbusedServer(server, pairs);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static long Mega(long bytes) => bytes / (1024 * 1024);
}
