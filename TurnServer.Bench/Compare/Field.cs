using System.Reflection;

namespace TurnServer.Bench.Compare;

/// <summary>All that are compared, each started in a process of its own.</summary>
internal sealed class Field : IDisposable
{
    /// <summary>Consecutive ports from the first one: a server for each row.</summary>
    public const int PortsUsed = 5;

    private static readonly string ServerAssembly = typeof(Field).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == nameof(ServerAssembly)).Value!;
    private static readonly string BenchAssembly = Path.Combine(AppContext.BaseDirectory, "TurnServer.Bench.dll");

    private readonly List<IDisposable> _started = [];
    private readonly List<Contender> _contenders = [];

    public IReadOnlyList<Contender> Contenders => _contenders;

    /// <summary>Starts them.</summary>
    /// <exception cref="CompareException">One does not start.</exception>
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

    public void Dispose() => _started.ForEach(started => started.Dispose());

    private async Task AddAsync(CompareOptions options)
    {
        // This server once for each way of play, so that each has a peak of memory of its own.
        var port = options.Port;
        var updates = await StartServerAsync(port++);
        var games = GamesOn(updates);
        _contenders.Add(new Contender("this server, updates", updates, games)
        {
            PlayOfOne = seat => new UpdatePlay(seat),
        });
        _contenders.Add(new Contender("bare HttpListener, the same", await StartBareAsync("bare", port++), games)
        {
            PlayOfOne = seat => new BarePlay(seat),
        });
        _contenders.Add(new Contender("bare Kestrel, the same", await StartBareAsync("bare-kestrel", port++), games)
        {
            PlayOfOne = seat => new BarePlay(seat),
        });
        var turns = await StartServerAsync(port++);
        _contenders.Add(new Contender("this server, turns in held updates", turns, GamesOn(turns))
        {
            PlayOfTwo = (one, other) => new HeldTurnPlay(one, other),
        });
        var receives = await StartServerAsync(port);
        _contenders.Add(new Contender("this server, turns to a listener", receives, GamesOn(receives))
        {
            PlayOfTwo = (sender, listener) => new HeldReceivePlay(sender, listener),
        });

        Task<MeasuredProcess> StartServerAsync(int at) =>
            StartAsync("turnserver", at, [ServerAssembly, "--port", $"{at}", .. options.ServerFlags]);

        Task<MeasuredProcess> StartBareAsync(string name, int at) =>
            StartAsync(name, at, [BenchAssembly, name, "--port", $"{at}"]);
    }

    private SeatSetup GamesOn(MeasuredProcess server)
    {
        var games = new SeatSetup(server.Port);
        _started.Add(games);
        return games;
    }

    private async Task<MeasuredProcess> StartAsync(string name, int port, string[] command)
    {
        var process = await MeasuredProcess.StartAsync(name, port, command);
        _started.Add(process);
        return process;
    }
}
