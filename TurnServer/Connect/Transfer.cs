using System.Buffers;
using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>What a transfer tells while it goes on.</summary>
internal enum TransferEvent
{
    /// <summary>The input has been read to its end, and the partner has more to say.</summary>
    InputEnded,

    /// <summary>The partner has no more to say, and the input goes on.</summary>
    PartnerEnded,
}

/// <summary>
/// Passes an input to the partner and what comes from the partner to an output, until both have ended. Memory is
/// bounded: the input is read no faster than the server takes it, and an output that is slow holds up the partner.
/// </summary>
/// <param name="game">The game whose turns carry the data.</param>
/// <param name="codec">How they do.</param>
/// <param name="input">What to send; null: nothing, which is at its end already.</param>
/// <param name="output">Where to write what comes. Flushed whenever there is no more at once.</param>
/// <param name="notify">Told the news, on whatever thread that is.</param>
internal sealed class Transfer(TurnGame game, ITransferCodec codec, Stream? input, Stream output,
    Action<TransferEvent> notify)
{
    // Half a megabyte of full turns, and enough short lines in one request to make them cheap.
    private const int SendsMax = 32;

    private const int OutputBytes = 65_536;

    private readonly ArrayBufferWriter<byte> _pending = new(OutputBytes);
    private readonly Queue<Task<TurnFault?>> _underWay = new(SendsMax);
    private readonly TaskCompletionSource<ConnectFault?> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isInputAtEnd;
    private bool _isConfirmed;
    private Task _answering = Task.CompletedTask;
    private volatile bool _hasPartnerEnded;
    private long _bytesSent;
    private long _bytesReceived;

    /// <summary>How much of the input has been handed over to be sent.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>How much has been written to the output.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Passes everything. The game is left to the caller to leave.</summary>
    /// <returns>Null when all has arrived, both ways; otherwise why not.</returns>
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
            await Task.WhenAll(sending, receiving, _answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

        // What was not taken shows in how the game ended, once all that came before has been received.
        await Task.WhenAll(_underWay);
    }

    // Null: it cannot be read.
    private async Task<int?> ReadAsync(byte[] buffer, CancellationToken cancel)
    {
        if (input is null)
            return 0;
        try
        {
            // Reading a terminal or a pipe cannot be called off; waiting for it can.
            return await input.ReadAsync(buffer, cancel).AsTask().WaitAsync(cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(ConnectFaultKind.Device, $"cannot read the input: {e.GetBaseException().Message}");
            return null;
        }
    }

    // Hands the turns over; false when the game is over.
    private async Task<bool> SendAsync(List<ReadOnlyMemory<byte>> turns, CancellationToken cancel)
    {
        foreach (var turn in turns)
        {
            if (_underWay.Count == SendsMax && await _underWay.Dequeue() is not null)
                return false;
            _underWay.Enqueue(game.StreamAsync(turn, cancel));
        }

        turns.Clear();
        return true;
    }

    // Ends when the game does, or when something is wrong.
    private async Task ReceiveAsync(CancellationToken cancel)
    {
        // Not disposed of: it holds nothing, and must not be disposed of while a turn is waited for.
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

        // That the server has taken it is not enough: the partner may not be able to write it.
        if (_hasPartnerEnded && _isConfirmed)
            _outcome.TrySetResult(null);
    }

    // Not waited for here, or two who both have too much to say would wait for each other for ever. Who leaves the game
    // sees that it is taken, if the partner is still there to be told.
    private void Answer(ReadOnlyMemory<byte> turn, CancellationToken cancel) =>
        _answering = Task.WhenAll(_answering, game.StreamAsync(turn, cancel));

    private async Task<bool> FlushAsync(CancellationToken cancel)
    {
        if (_pending.WrittenCount == 0)
            return true;
        try
        {
            // As with reading: who reads the output may never go on.
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
