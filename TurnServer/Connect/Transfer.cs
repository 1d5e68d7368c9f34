using System.Buffers;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>Events of a transfer.</summary>
internal enum TransferEvent
{
    /// <summary>This side's input has ended; the partner's has not.</summary>
    InputEnded,

    /// <summary>The partner's input has ended; this side's has not.</summary>
    PartnerEnded,
}

/// <summary>
/// Sends an input to the partner and writes the partner's data to an output, until both have ended. Memory is bounded:
/// the input is read no faster than the server takes it, and a slow output exerts back-pressure on the partner.
/// </summary>
/// <param name="game">The game whose turns carry the data.</param>
/// <param name="codec">Encodes the data as turns.</param>
/// <param name="input">The data to send; null: none.</param>
/// <param name="output">Gets the partner's data; flushed whenever no more is available at once.</param>
/// <param name="notify">Called with each event, on any thread.</param>
internal sealed class Transfer(TurnGame game, ITransferCodec codec, Stream? input, Stream output,
    Action<TransferEvent> notify)
{
    // Half a megabyte of full turns, and enough short lines to fill a request.
    private const int SendsMax = 32;

    private const int OutputBytes = 65_536;

    private readonly ArrayBufferWriter<byte> _pending = new(OutputBytes);
    private readonly Queue<Task<TurnFault?>> _sends = new(SendsMax);
    private readonly TaskCompletionSource<ConnectFault?> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isInputAtEnd;
    private bool _isConfirmed;
    private Task _answers = Task.CompletedTask;
    private volatile bool _hasPartnerEnded;
    private long _bytesSent;
    private long _bytesReceived;

    /// <summary>How many bytes of the input have been queued to be sent.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>How many bytes have been written to the output.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Runs until both inputs have ended. Does not leave the game.</summary>
    /// <returns>Null when all data has arrived, both ways; otherwise why not.</returns>
    public async Task<ConnectFault?> RunAsync(CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var sending = SendAsync(over.Token);
        var receiving = ReceiveAsync(over.Token);
        try
        {
            if (await Task.WhenAny(_outcome.Task, receiving, sending) == sending)
                await sending;
            if (await Task.WhenAny(_outcome.Task, receiving) == receiving)
                await receiving;
            return _outcome.Task.IsCompleted
                ? await _outcome.Task
                : ConnectFault.Of(game.Ended!, game.Pairing.Partner);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(sending, receiving, _answers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(CancellationToken cancel)
    {
        var turns = new List<ReadOnlyMemory<byte>>();
        var buffer = new byte[codec.InputBytesMax];
        codec.Begin(turns);
        while (await SendAsync(turns, cancel) && !_isInputAtEnd)
        {
            if (await ReadAsync(buffer, cancel) is not { } length)
                return;
            if (length > 0)
            {
                codec.Encode(buffer.AsSpan(0, length), turns);
                Interlocked.Add(ref _bytesSent, length);
                continue;
            }

            codec.Finish(turns);
            _isInputAtEnd = true;
            if (!_hasPartnerEnded)
                notify(TransferEvent.InputEnded);
        }

        // Ignores refusals: the game's end reports them, after everything before has been received.
        await Task.WhenAll(_sends);
    }

    // Null: the input cannot be read.
    private async Task<int?> ReadAsync(byte[] buffer, CancellationToken cancel)
    {
        if (input is null)
            return 0;
        try
        {
            // Reading from a terminal or a pipe cannot be cancelled; waiting for it can.
            return await input.ReadAsync(buffer, cancel).AsTask().WaitAsync(cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(ConnectFaultKind.Device, $"cannot read the input: {e.GetBaseException().Message}");
            return null;
        }
    }

    // Queues the turns; false when the game is over.
    private async Task<bool> SendAsync(List<ReadOnlyMemory<byte>> turns, CancellationToken cancel)
    {
        foreach (var turn in turns)
        {
            if (_sends.Count == SendsMax && await _sends.Dequeue() is not null)
                return false;
            _sends.Enqueue(game.StreamAsync(turn, cancel));
        }

        turns.Clear();
        return true;
    }

    // Ends with the game, or on a fault.
    private async Task ReceiveAsync(CancellationToken cancel)
    {
        // Not disposed: it holds no resources, and must not be disposed while MoveNextAsync is pending.
        var turns = game.ReceiveAsync(cancel).GetAsyncEnumerator(cancel);
        while (true)
        {
            var next = turns.MoveNextAsync();
            if ((!next.IsCompleted || _pending.WrittenCount >= OutputBytes) && !await FlushAsync(cancel))
                return;
            if (!await next)
            {
                await FlushAsync(cancel);
                return;
            }

            var received = codec.Decode(turns.Current.Span, _pending);
            if (received.Kind != ReceivedKind.Data && !await FlushAsync(cancel))
                return;
            if (!received.Answer.IsEmpty)
                Answer(received.Answer, cancel);
            React(received);
        }
    }

    private void React(in ReceivedTurn received)
    {
        switch (received.Kind)
        {
            case ReceivedKind.End:
                _hasPartnerEnded = true;
                if (!_isInputAtEnd)
                    notify(TransferEvent.PartnerEnded);
                break;
            case ReceivedKind.AllArrived:
                _isConfirmed = true;
                break;
            case ReceivedKind.Fault:
                Fail(ConnectFaultKind.Damaged, $"{game.Pairing.Partner} {received.Fault}");
                break;
        }

        // Both sides must confirm: the server may have taken data that the partner then cannot write.
        if (_hasPartnerEnded && _isConfirmed)
            _outcome.TrySetResult(null);
    }

    // Not awaited here: two sides with full backlogs would deadlock. Leaving the game waits for it.
    private void Answer(ReadOnlyMemory<byte> turn, CancellationToken cancel) =>
        _answers = Task.WhenAll(_answers, game.StreamAsync(turn, cancel));

    private async Task<bool> FlushAsync(CancellationToken cancel)
    {
        if (_pending.WrittenCount == 0)
            return true;
        try
        {
            // As with reading: the output's reader may be stuck.
            await output.WriteAsync(_pending.WrittenMemory, cancel).AsTask().WaitAsync(cancel);
            await output.FlushAsync(cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(ConnectFaultKind.Device, $"cannot write the output: {e.GetBaseException().Message}");
            return false;
        }

        Interlocked.Add(ref _bytesReceived, _pending.WrittenCount);
        _pending.ResetWrittenCount();
        return true;
    }

    private void Fail(ConnectFaultKind kind, string meaning) => _outcome.TrySetResult(new ConnectFault(kind, meaning));
}
