using System.Diagnostics;
using System.Reflection;

namespace TurnServer.Bench.Compare;

/// <summary>All that are compared, each started in a process of its own.</summary>
internal sealed class Field : IDisposable
{
    /// <summary>Consecutive ports from the first one: a server for each row.</summary>
    public const int PortsUsed = 7;

    private static readonly string ServerAssembly = typeof(Field).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == nameof(ServerAssembly)).Value!;
    private static readonly string BenchAssembly = Path.Combine(AppContext.BaseDirectory, "TurnServer.Bench.dll");

    private readonly List<IDisposable> _started = [];
    private readonly List<string> _folders = [];
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

    public void Dispose()
    {
        _started.ForEach(started => started.Dispose());
        _folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    /// <summary>Starts this server alone.</summary>
    /// <exception cref="CompareException">It does not start.</exception>
    public static Task<MeasuredProcess> StartServerAsync(int port, IEnumerable<string> flags) =>
        MeasuredProcess.StartAsync("turnserver", port, [ServerAssembly, "--port", $"{port}", .. flags]);

    /// <summary>How this server is started, or another build of it by the path of its program.</summary>
    public static ProcessStartInfo HowToStart(string? program, int port, IEnumerable<string> flags) => program is null
        ? new ProcessStartInfo(MeasuredProcess.Dotnet, [ServerAssembly, "--port", $"{port}", .. flags])
        : new ProcessStartInfo(Path.GetFullPath(program), ["--port", $"{port}", .. flags]);

    private async Task AddAsync(CompareOptions options)
    {
        // This server once for each way of play, so that each has a peak of memory of its own.
        var updates = await StartServerAsync(options.Port);
        var listener = await StartBareAsync("bare", options.Port + 1);
        var kestrel = await StartBareAsync("bare-kestrel", options.Port + 2);
        var heldTurns = await StartServerAsync(options.Port + 3);
        var heldReceives = await StartServerAsync(options.Port + 4);
        var games = GamesOn(updates);
        _contenders.AddRange(
        [
            new("this server, updates", updates, games, 1, seats => new UpdatePlay(seats[0])),
            new("bare HttpListener, the same", listener, games, 1, seats => new BarePlay(seats[0])),
            new("bare Kestrel, the same", kestrel, games, 1, seats => new BarePlay(seats[0])),
            new("this server, turns in held updates", heldTurns, GamesOn(heldTurns), 2,
                seats => new HeldTurnPlay(seats[0], seats[1])),
            new("this server, turns to one who waits", heldReceives, GamesOn(heldReceives), 2,
                seats => new HeldReceivePlay(seats[0], seats[1])),
        ]);
        if (options.HasState)
            await AddWithStateAsync(options);

        Task<MeasuredProcess> StartServerAsync(int at) => KeepAsync(Field.StartServerAsync(at, options.ServerFlags));

        Task<MeasuredProcess> StartBareAsync(string name, int at) =>
            KeepAsync(MeasuredProcess.StartAsync(name, at, BenchAssembly, name, "--port", $"{at}"));
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

        Task<MeasuredProcess> StartServerAsync(int at)
        {
            var folder = Directory.CreateTempSubdirectory("turnserver-state-").FullName;
            _folders.Add(folder);
            return KeepAsync(Field.StartServerAsync(at, ["--state", folder, .. options.ServerFlags]));
        }
    }

    private SeatSetup GamesOn(MeasuredProcess server)
    {
        var games = new SeatSetup(server.Port);
        _started.Add(games);
        return games;
    }

    private async Task<MeasuredProcess> KeepAsync(Task<MeasuredProcess> starting)
    {
        var process = await starting;
        _started.Add(process);
        return process;
    }
}
