using System.Net;
using System.Net.Sockets;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Cli;

/// <summary>One run of <c>connect</c>: finds the partner, transfers the data, leaves.</summary>
internal sealed class ConnectSession : IAsyncDisposable
{
    // Enough for a reply, and short enough for a user who waits for the prompt.
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(1);

    private readonly ConnectOptions _options;
    private readonly ConnectMessages _status;
    private readonly HttpClient _http = TurnClient.CreateHttp();
    private readonly TokenFile _token;
    private readonly Matchmaker _matchmaker;
    private TurnGame? _game;

    public ConnectSession(ConnectOptions options, ConnectMessages status)
    {
        _options = options;
        _status = status;
        var defaults = new TurnClientOptions();
        var player = new TurnClient(_http, options.Url, defaults with
        {
            Patience = options.Patience,
            ReplyTimeout = options.Patience < defaults.ReplyTimeout ? options.Patience : defaults.ReplyTimeout,
            Observer = new OutageReporter(options.Url, options.Patience, TimeProvider.System, status.Print).Observe,
        });
        _token = TokenFile.Claim(options.Url, options.Name, options.Partner, options.Pool);
        _matchmaker = new Matchmaker(player, options.Name, options.Partner, options.Pool, _token.Token,
            options.Url.ToString(), TimeProvider.System, status.Print);
    }

    /// <summary>The partner's name; null before there is a partner.</summary>
    public string? Partner => _game?.Pairing.Partner;

    /// <summary>Runs until both inputs have ended.</summary>
    /// <returns>Null when all data has arrived, both ways; otherwise why not.</returns>
    public async Task<ConnectFault?> RunAsync(CancellationToken stop)
    {
        if (CheckStreams() is { } closed)
            return closed;
        if (await ResolveAsync(stop) is { } unknown)
            return unknown;
        return await FindPartnerAsync(stop) ?? await TransferAsync(_game!, stop);
    }

    /// <summary>Leaves at once: tells the partner, or ends the registration.</summary>
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
            // The server does not answer; it drops this player after its timeout.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_game is not null)
            await _game.DisposeAsync();
        _token.Dispose();
        _http.Dispose();
    }

    // With --raw a terminal is not read: the user only receives.
    private bool IsInputRead => !_options.HasNoInput && (!_options.IsRaw || Console.IsInputRedirected);

    // The partner's data must not control this side's terminal.
    private Stream OpenOutput()
    {
        var output = StandardStreams.OpenOutput();
        return _options.IsRaw || Console.IsOutputRedirected ? output : new TerminalStream(output);
    }

    // Checked before waiting for a partner.
    private ConnectFault? CheckStreams()
    {
        if (IsInputRead && !StandardStreams.HasInput)
        {
            return new ConnectFault(ConnectFaultKind.Device,
                "cannot read the input: it is closed; use --no-input");
        }

        return StandardStreams.HasOutput ? null
            : new ConnectFault(ConnectFaultKind.Device, "cannot write the output: it is closed");
    }

    // An unknown host fails at once; the client would retry until its patience is over.
    private async Task<ConnectFault?> ResolveAsync(CancellationToken stop)
    {
        // A proxy resolves names itself.
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

    private async Task<ConnectFault?> FindPartnerAsync(CancellationToken stop)
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
            var who = _options.Partner is { } partner ? $"{partner} did not come" : "no partner came";
            var where = _options.Pool is { } pool ? $" to the pool {pool}" : "";
            return new ConnectFault(ConnectFaultKind.NoPartner,
                $"{who}{where} within {_options.WaitForPartner.TotalSeconds:0.#} s");
        }
    }

    private async Task<ConnectFault?> TransferAsync(TurnGame game, CancellationToken stop)
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
            _status.Print(progress.Summarize());
        return fault is null ? null : Explain(fault);
    }

    // After damage, quits cleanly, so that the turn that tells the partner is sent.
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
        // With --raw, ends are not worth a message; with --no-input, neither is this side's.
        if (_options.IsRaw || (news == TransferEvent.InputEnded && _options.HasNoInput))
            return;
        _status.Print(news switch
        {
            TransferEvent.InputEnded => $"end of input; waiting for {Partner} to end too, Ctrl-C to leave",
            _ when Console.IsInputRedirected => $"{Partner} has no more to send; this side's input continues",
            _ => $"{Partner} has no more to send (Ctrl-D ends this side too)",
        });
    }
}
