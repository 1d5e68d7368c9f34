using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>The test program of the C# client, mode <c>play</c> (README.md).</summary>
internal sealed class CSharpProgram(TextReader input, TextWriter output)
{
    /// <summary>The command of the test program that runs it.</summary>
    public const string Name = "client";

    private readonly Channel<string[]> _commands = Channel.CreateUnbounded<string[]>();
    private TurnClientOptions _options = new();
    private TurnGame? _game;

    public static Command CreateCommand()
    {
        var command = new Command(Name) { new Argument<string>("mode") };
        command.SetAction((_, _) => new CSharpProgram(Console.In, Console.Out).RunAsync());
        return command;
    }

    /// <summary>Carries out all commands.</summary>
    public async Task RunAsync()
    {
        _ = Task.Factory.StartNew(ReadCommands, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        using var http = TurnClient.CreateHttp();
        var isOn = true;
        while (isOn)
        {
            isOn = _game is null ? await _commands.Reader.WaitToReadAsync() : await ReceiveUntilCommandAsync();
            if (_commands.Reader.TryRead(out var command))
                await DoAsync(http, command);
        }

        await (_game?.DisposeAsync() ?? default);
    }

    private void ReadCommands()
    {
        while (input.ReadLine() is { } line)
            _commands.Writer.TryWrite(ProgramLine.Parse(line));
        _commands.Writer.Complete();
    }

    // False: there will be no more commands. A save must not come between a turn that is read and its event. So there
    // is no reader while a command is carried out.
    private async Task<bool> ReceiveUntilCommandAsync()
    {
        using var stop = new CancellationTokenSource();
        var command = _commands.Reader.WaitToReadAsync().AsTask();
        var receiving = ReceiveAsync(stop.Token);
        if (await Task.WhenAny(command, receiving) == command)
            await stop.CancelAsync();
        await receiving;
        return await command;
    }

    private async Task ReceiveAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var turn in _game!.ReceiveAsync(stop))
            {
                Write("turn", Encoding.UTF8.GetString(turn.Span));
                Save();
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Write("ended", Kind(_game.Ended!));
        await _game.DisposeAsync();
        _game = null;
    }

    private async Task DoAsync(HttpClient http, string[] command)
    {
        switch (command)
        {
            case ["options", .. var options]:
                _options = options.Aggregate(_options, With);
                break;
            case ["register", var url, var name, var partner, var pool, var token]:
                await RegisterAsync(new TurnClient(http, new Uri(url), _options), name, Optional(partner),
                    Optional(token), Optional(pool));
                break;
            case ["resume", var saved]:
                Start(await TurnGame.ResumeAsync(http, saved, _options));
                break;
            case ["send", var turn]:
                Save(turn);
                _ = SendAsync(turn);
                break;
            case ["post", var turn]:
                Save(turn);
                await (_game?.PostAsync(Encoding.UTF8.GetBytes(turn)) ?? default);
                break;
            case ["quit"]:
                await (_game?.QuitAsync() ?? Task.FromResult<TurnFault?>(null));
                _game = null;
                Write("left");
                break;
            default:
                Write("error", $"not a command: {command[0]}");
                break;
        }
    }

    private async Task RegisterAsync(TurnClient player, string name, string? partner, string? token, string? pool)
    {
        if (await player.RegisterAsync(name, partner, token, pool) is { } refused)
        {
            Write("failed", Kind(refused));
            return;
        }

        Write("registered", player.Token!);
        TurnResult<TurnGame> started;
        do
            started = await MeetAsync(player);
        while (started.Fault is { Kind: TurnFaultKind.PartnerLeftEarly });
        Start(started);
    }

    private async Task<TurnResult<TurnGame>> MeetAsync(TurnClient player)
    {
        var pairing = await player.PairAsync();
        if (pairing.Fault is { } unpaired)
            return unpaired;
        Write("paired", pairing.Value.Partner);
        return await player.LoadAsync() is { } gone ? gone : await player.PlayAsync();
    }

    private void Start(TurnResult<TurnGame> started)
    {
        if (started.Fault is { } fault)
        {
            Write("failed", Kind(fault));
            return;
        }

        _game = started.Value;
        Write("started", $"{_game.Seat}");
        Save();
    }

    private async Task SendAsync(string turn)
    {
        if (_game is not { } game)
            return;
        var fault = await game.SendAsync(Encoding.UTF8.GetBytes(turn));
        if (fault is null)
            Write("taken", turn);
        else if (fault.Error == ErrorCode.OverContentLength)
            Write("refused", turn);
    }

    // What is printed is stored.
    private void Save(string next = "")
    {
        if (_game is null || !_options.SavesEachTurn)
            return;
        var saved = _game.Save(Encoding.UTF8.GetBytes(next));
        Write("save", saved);
        _game.Saved(saved);
    }

    private static TurnClientOptions With(TurnClientOptions options, string option)
    {
        var (name, text) = option.Split('=') is [var left, var right] ? (left, right) : (option, "");
        var value = TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));
        return name switch
        {
            "wait" => options with { Wait = value },
            "keepAlive" => options with { KeepAlive = value },
            "pollInterval" => options with { PollInterval = value },
            "replyTimeout" => options with { ReplyTimeout = value },
            "patience" => options with { Patience = value },
            "firstPause" => options with { FirstPause = value },
            "longestPause" => options with { LongestPause = value },
            "savesEachTurn" => options with { SavesEachTurn = value > TimeSpan.Zero },
            _ => throw new ArgumentException($"not an option: {name}", nameof(option)),
        };
    }

    private static string? Optional(string field) => field.Length == 0 ? null : field;

    private static string Kind(TurnFault fault)
    {
        var name = $"{fault.Kind}";
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private void Write(params string[] fields)
    {
        lock (output)
        {
            output.WriteLine(ProgramLine.Of(fields));
            output.Flush();
        }
    }
}
