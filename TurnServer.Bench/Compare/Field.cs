using System.Diagnostics;
using TurnServer.Bench.Client;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Compare;

/// <summary>The servers to compare, each in its own process.</summary>
internal sealed class Field : IDisposable
{
    /// <summary>Number of consecutive ports: one server for each row.</summary>
    public const int PortsUsed = 7;

    private readonly List<MeasuredServer> _started = [];
    private readonly List<string> _folders = [];
    private readonly List<Contender> _contenders = [];

    public IReadOnlyList<Contender> Contenders => _contenders;

    /// <summary>Starts them.</summary>
    /// <exception cref="BenchException">One does not start.</exception>
    public static async Task<Field> StartAsync(CompareOptions options)
    {
        var field = new Field();
        try
        {
            await field.AddAsync(options);
            return field;
        }
        catch
        {
            field.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _started.ForEach(started => started.Dispose());
        _folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    private async Task AddAsync(CompareOptions options)
    {
        // One server for each way of play, so that each has its own peak RSS.
        var updates = await StartServerAsync(options.Port);
        var listener = await StartBareAsync("bare", options.Port + 1);
        var kestrel = await StartBareAsync("bare-kestrel", options.Port + 2);
        var heldTurns = await StartServerAsync(options.Port + 3);
        var heldReceives = await StartServerAsync(options.Port + 4);
        var games = GamesOn(updates);
        _contenders.AddRange(
        [
            new("this server, updates", updates, games, 1, seats => new UpdatePlay(seats[0])),
            new("bare HttpListener, updates", listener, games, 1, seats => new BarePlay(seats[0])),
            new("bare Kestrel, updates", kestrel, games, 1, seats => new BarePlay(seats[0])),
            new("this server, turns in held updates", heldTurns, GamesOn(heldTurns), 2,
                seats => new HeldTurnPlay(seats[0], seats[1])),
            new("this server, turns to held requests", heldReceives, GamesOn(heldReceives), 2,
                seats => new HeldReceivePlay(seats[0], seats[1])),
        ]);
        if (options.HasState)
            await AddWithStateAsync(options);

        Task<MeasuredServer> StartServerAsync(int at) =>
            KeepAsync("turnserver", at, Programs.Server(at, options.ServerFlags));

        Task<MeasuredServer> StartBareAsync(string name, int at) =>
            KeepAsync(name, at, Programs.Bench(name, "--port", $"{at}"));
    }

    private async Task AddWithStateAsync(CompareOptions options)
    {
        var updates = await StartServerAsync(options.Port + 5);
        var heldTurns = await StartServerAsync(options.Port + 6);
        _contenders.AddRange(
        [
            new("with --state, updates", updates, GamesOn(updates), 1, seats => new UpdatePlay(seats[0])),
            new("with --state, turns in held updates", heldTurns, GamesOn(heldTurns), 2,
                seats => new HeldTurnPlay(seats[0], seats[1])),
        ]);

        Task<MeasuredServer> StartServerAsync(int at)
        {
            var folder = Directory.CreateTempSubdirectory("turnserver-state-").FullName;
            _folders.Add(folder);
            return KeepAsync("turnserver", at, Programs.Server(at, ["--state", folder, .. options.ServerFlags]));
        }
    }

    private static GameSetup GamesOn(MeasuredServer server) => new(server.Port);

    private async Task<MeasuredServer> KeepAsync(string name, int port, ProcessStartInfo start)
    {
        var server = await MeasuredServer.StartAsync(name, port, start);
        _started.Add(server);
        return server;
    }
}
