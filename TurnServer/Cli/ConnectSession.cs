using System.Net;
using System.Net.Sockets;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Cli;

/// <summary>One run of <c>connect</c>: meets the partner, passes the data, leaves.</summary>
internal sealed class ConnectSession : IAsyncDisposable
{
    // Long enough for a reply, short enough for who waits for a prompt.
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(1);

    private readonly ConnectOptions _options;
    private readonly StatusLines _status;
    private readonly HttpClient _http = TurnClient.CreateHttp();
    private readonly TokenFile _token;
    private readonly Matchmaker _matchmaker;
    private TurnGame? _game;

    public ConnectSession(ConnectOptions options, StatusLines status)
    {
        _options = options;
        _status = status;
        var defaults = new TurnClientOptions();
        var player = new TurnClient(_http, options.Url, defaults with
        {
            Patience = options.Patience,
            ReplyTimeout = options.Patience < defaults.ReplyTimeout ? options.Patience : defaults.ReplyTimeout,
            Observer = new OutageReporter(options.Url, options.Patience, TimeProvider.System, status.Say).Observe,
        });
        _token = TokenFile.Claim(options.Url, options.Name, options.Partner);
        _matchmaker = new Matchmaker(player, options.Name, options.Partner, _token.Token, options.Url.ToString(),
            TimeProvider.System, status.Say);
    }

    /// <summary>The partner's name, once there is one.</summary>
    public string? Partner => _game?.Pairing.Partner;

    /// <summary>Does it all.</summary>
    /// <returns>Null when all has arrived, both ways; otherwise why not.</returns>
    public async Task<ConnectFault?> RunAsync(CancellationToken stop)
    {
        if (FindClosed() is { } closed)
            return closed;
        if (await ResolveAsync(stop) is { } unknown)
            return unknown;
        return await MeetAsync(stop) ?? await PassAsync(_game!, stop);
    }

    /// <summary>Leaves at once, so that the partner hears of it and nobody meets a ghost.</summary>
    public async Task AbandonAsync()
    {
        using var timeout = new CancellationTokenSource(LeaveTimeout);
        try
        {
            if (_game is not null)
                await _game.AbandonAsync(timeout.Token);
            else
                await _matchmaker.LeaveAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            // The server does not answer: it will notice by the silence.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_game is not null)
            await _game.DisposeAsync();
        _token.Dispose();
        _http.Dispose();
    }

    // Nobody types bytes, and who unpacks what comes has nothing to say.
    private bool IsInputRead => !_options.HasNoInput && (!_options.IsRaw || Console.IsInputRedirected);

    // What the partner sends must not give orders to this side's terminal.
    private Stream OpenOutput()
    {
        var output = StandardStreams.OpenOutput();
        return _options.IsRaw || Console.IsOutputRedirected ? output : new TerminalStream(output);
    }

    // Better said now than when somebody has come.
    private ConnectFault? FindClosed()
    {
        if (IsInputRead && !StandardStreams.HasInput)
        {
            return new ConnectFault(ConnectFaultKind.Device,
                "cannot read the input: it is closed; --no-input does without");
        }

        return StandardStreams.HasOutput ? null
            : new ConnectFault(ConnectFaultKind.Device, "cannot write the output: it is closed");
    }

    // A name that nobody has is a mistake at once; the client would try for as long as it is patient.
    private async Task<ConnectFault?> ResolveAsync(CancellationToken stop)
    {
        // A proxy looks names up itself.
        if (!HttpClient.DefaultProxy.IsBypassed(_options.Url))
            return null;
        try
        {
            await Dns.GetHostAddressesAsync(_options.Url.DnsSafeHost, stop);
            return null;
        }
        catch (SocketException e)
        {
            return new ConnectFault(ConnectFaultKind.NotTurnServer,
                $"cannot find the host {_options.Url.DnsSafeHost}: {e.Message}; check the URL");
        }
    }

    private async Task<ConnectFault?> MeetAsync(CancellationToken stop)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(stop);
        wait.CancelAfter(_options.WaitForPartner);
        try
        {
            var meeting = await _matchmaker.FindPartnerAsync(wait.Token);
            if (meeting.Fault is { } fault)
                return Explain(ConnectFault.Of(fault, null));
            _token.Dispose();
            _game = meeting.Value;
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            await AbandonAsync();
            var who = _options.Partner is { } partner ? $"{partner} did not come" : "nobody came";
            return new ConnectFault(ConnectFaultKind.NobodyCame,
                $"{who} within {_options.WaitForPartner.TotalSeconds:0.#} s");
        }
    }

    private async Task<ConnectFault?> PassAsync(TurnGame game, CancellationToken stop)
    {
        ITransferCodec codec = _options.IsRaw ? new RawCodec() : new TextCodec();
        var transfer = new Transfer(game, codec, IsInputRead ? StandardStreams.OpenInput() : null,
            OpenOutput(), Notify);
        var progress = new TransferProgress(transfer, _status);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var isShown = _options.IsRaw && !Console.IsErrorRedirected;
        var showing = isShown ? progress.ShowAsync(over.Token) : Task.CompletedTask;
        ConnectFault? fault;
        try
        {
            fault = await transfer.RunAsync(stop);
        }
        finally
        {
            await over.CancelAsync();
            await showing;
        }

        if (fault is null)
            await game.QuitAsync(stop);
        else
            await LeaveAsync(game, fault);
        if (fault is null && _options.IsRaw)
            _status.Say(progress.Summarize());
        return fault is null ? null : Explain(fault);
    }

    // Damage is known to this side first: what tells the partner of it goes out before.
    private async Task LeaveAsync(TurnGame game, ConnectFault fault)
    {
        if (game.Ended is null && fault.Kind == ConnectFaultKind.Damaged)
        {
            using var timeout = new CancellationTokenSource(LeaveTimeout);
            Task quitting = game.QuitAsync(timeout.Token);
            await quitting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!timeout.IsCancellationRequested)
                return;
        }

        await AbandonAsync();
    }

    private ConnectFault Explain(ConnectFault fault) => fault.Kind switch
    {
        ConnectFaultKind.NotTurnServer => fault with { Meaning = $"{_options.Url}: {fault.Meaning}; check the URL" },
        ConnectFaultKind.ServerGone => fault with { Meaning = $"{_options.Url}: {fault.Meaning}" },
        _ => fault,
    };

    private void Notify(TransferEvent news)
    {
        // Bytes end by themselves, and no input has no end to speak of.
        if (_options.IsRaw || (news == TransferEvent.InputEnded && _options.HasNoInput))
            return;
        _status.Say(news switch
        {
            TransferEvent.InputEnded => $"end of input; waiting for {Partner} to end too, Ctrl-C to leave",
            _ when Console.IsInputRedirected => $"{Partner} has no more to say; this side's input goes on",
            _ => $"{Partner} has no more to say (Ctrl-D ends this side too)",
        });
    }
}
