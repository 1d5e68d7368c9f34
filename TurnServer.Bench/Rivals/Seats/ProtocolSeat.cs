using System.Text.Unicode;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Rivals.Seats;

/// <summary>
/// A seat of this server over a WebSocket: each turn is in the update that waits for the partner's next, so that a turn
/// is one message up and one down.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="seat">The seat.</param>
internal sealed class ProtocolSeat(FrameConnection connection, PlayedSeat seat) : RivalSeat
{
    private const int MessageBytesMax = 128;

    private readonly byte[] _message = new byte[MessageBytesMax];
    private readonly byte[] _expected = new byte[TurnBytes];
    private long _counter;

    public override void Await()
    {
        Utf8.TryWrite(_message, $"1;wait={Play.WaitSeconds} 6,,{seat.Key},{seat.Number},{_counter++}", out var length);
        connection.Send(FrameConnection.Text, _message.AsSpan(0, length));
    }

    public override void Send(long number)
    {
        Utf8.TryWrite(_message, $"1;wait={Play.WaitSeconds} 6,", out var length);
        length += WriteTurn(_message.AsSpan(length), number);
        Utf8.TryWrite(_message.AsSpan(length), $",{seat.Key},{seat.Number},{_counter++}", out var rest);
        connection.Send(FrameConnection.Text, _message.AsSpan(0, length + rest));
    }

    public override void Receive(long number)
    {
        WriteTurn(_expected, number);
        var message = connection.Receive();
        var reply = message[(message.IndexOf((byte)' ') + 1)..];
        if (!reply.StartsWith("0/9/"u8))
            throw Wrong(message, "0/9/ and one turn");
        Check(reply["0/9/".Length..], _expected);
    }

    public override void Dispose() => connection.Dispose();
}
