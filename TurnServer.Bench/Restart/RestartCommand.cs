using System.Diagnostics;
using System.Runtime.InteropServices;
using TurnServer.Bench.Cli;
using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Restart;

/// <summary>What to measure.</summary>
/// <param name="Games">The number of games on the server.</param>
/// <param name="Rounds">How often the server is killed, and how often stopped.</param>
/// <param name="Port">The first of <see cref="PortsUsed"/> ports: for players and for metrics.</param>
/// <param name="Server">The executable of another build; null for turnserver.dll.</param>
internal sealed record RestartOptions(int Games, int Rounds, int Port, string? Server)
{
    /// <summary>The number of consecutive ports in use.</summary>
    public const int PortsUsed = 2;
}

/// <summary>
/// Measures how long a server takes to restart with its games after a crash and after a stop, and the outage that
/// clients see.
/// </summary>
internal sealed class RestartCommand : IDisposable
{
    // Enough turns to outweigh the ten requests that set up a game.
    private const int InitialRounds = 3;
    private const int CheckedStep = 10;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);

    private readonly RestartOptions _options;
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("turnserver-restart-");
    private readonly RunningGames _games;
    private readonly Stopwatch _sinceStart = new();
    private MeasuredServer? _server;

    private RestartCommand(RestartOptions options)
    {
        _options = options;
        _games = new RunningGames(options.Port, options.Games);
    }

    /// <summary>The subcommand with its options.</summary>
    public static Subcommand Create()
    {
        var games = Options.Whole("--games", "games on the server", 50_000, 10, 50_000);
        var rounds = Options.Whole("--rounds", "how often it is killed, and how often stopped", 3, 1, 100);
        var server = Options.Text("--server", "FILE", "executable of another build, as ./run.sh publish makes it");
        var port = Options.Port($"first of {RestartOptions.PortsUsed} ports", DefaultPorts.Restart,
            RestartOptions.PortsUsed);
        return new Subcommand("restart", "measure how long a server with state takes to restart")
        {
            Flags = [games, rounds, server, port],
        }.Does((result, errors) => new RestartOptions(games.Read(result, errors), rounds.Read(result, errors),
            port.Read(result, errors), server.Read(result, errors)),
            (options, _) => RunAsync(options, Console.Out, Console.Error));
    }

    /// <summary>Measures and prints; returns the exit code.</summary>
    public static async Task<int> RunAsync(RestartOptions options, TextWriter output, TextWriter errors)
    {
        try
        {
            using var command = new RestartCommand(options);
            await command.MeasureAsync(output);
            return 0;
        }
        catch (BenchException e)
        {
            await errors.WriteLineAsync($"restart: {e.Message}");
            return 1;
        }
    }

    public void Dispose()
    {
        Kill();
        _games.Dispose();
        _state.Delete(recursive: true);
    }

    private async Task MeasureAsync(TextWriter output)
    {
        await output.WriteLineAsync($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; "
            + $"{_options.Games} games, {_options.Server ?? "turnserver.dll"}");
        await StartAsync();
        await _games.FillAsync();
        var bytesBefore = await BytesRecordedAsync();
        for (var turn = 0; turn < InitialRounds; turn++)
            await _games.PlayAsync(1);
        var overhead = ((await BytesRecordedAsync() - bytesBefore) / _games.TurnsPlayed) - RunningGames.TurnBytes;
        var rounds = new List<RestartRound>();
        for (var number = 1; number <= _options.Rounds; number++)
        {
            // Gives every restart a journal to replay.
            await _games.PlayAsync(1);
            var killed = await RestartAsync(() => Task.CompletedTask);
            await _games.PlayAsync(1);
            var stopped = await RestartAsync(() => _server!.StopAsync());
            var round = new RestartRound(killed, stopped);
            rounds.Add(round);
            await output.WriteLineAsync($"round {number}  {RestartReport.Row(round)}");
        }

        await output.WriteAsync(RestartReport.Compose(rounds, overhead));
    }

    private async Task<RestartTimes> RestartAsync(Func<Task> endAsync)
    {
        // Repeats the last update of the first game, which continues with the others.
        using var client = RepeatingClient.Start(_options.Port, _games.LastUpdate);
        await client.AnsweredAsync();
        var stopping = Stopwatch.StartNew();
        await endAsync();
        Kill();
        var stop = stopping.Elapsed;
        var megabytes = _state.EnumerateFiles().Sum(file => file.Length) / 1048576.0;
        var start = await StartAsync();
        var pause = await client.PauseAsync();
        await _games.PlayAsync(CheckedStep);
        var played = _sinceStart.Elapsed;
        // All other games must continue, too.
        await _games.PlayAsync(1);
        return new RestartTimes(stop, start, played, pause, megabytes);
    }

    private void Kill()
    {
        _server?.Kill();
        _server?.Dispose();
        _server = null;
    }

    private async Task<TimeSpan> StartAsync()
    {
        string[] flags =
        [
            "--state", _state.FullName, "--admin-port", $"{_options.Port + 1}", "--game-timeout", "3600",
            .. Programs.NoLimits,
        ];
        _sinceStart.Restart();
        _server = await MeasuredServer.StartAsync("turnserver", _options.Port,
            Programs.Server(_options.Port, flags, _options.Server), PollInterval);
        await _server.HealthyAsync();
        return _sinceStart.Elapsed;
    }

    private async Task<double> BytesRecordedAsync()
    {
        using var http = new HttpClient();
        return await MetricsPage.ReadAsync(http, _options.Port + 1, "turnserver_state_bytes_total");
    }
}
