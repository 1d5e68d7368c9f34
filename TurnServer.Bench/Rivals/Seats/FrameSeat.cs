using TurnServer.Bench.Client;

namespace TurnServer.Bench.Rivals.Seats;

/// <summary>A seat whose turns are the same WebSocket message up and down, as in a relay.</summary>
/// <param name="connection">The connection.</param>
/// <param name="kind">The kind of the messages.</param>
/// <param name="prefix">What stands before the turn's text.</param>
/// <param name="suffix">What stands behind it.</param>
internal sealed class FrameSeat(FrameConnection connection, byte kind = FrameConnection.Text, byte[]? prefix = null,
    byte[]? suffix = null) : RivalSeat
{
    private readonly byte[] _sent = Around(prefix, suffix);
    private readonly byte[] _expected = Around(prefix, suffix);
    private readonly int _turnAt = prefix?.Length ?? 0;

    public override void Send(long number)
    {
        WriteTurn(_sent.AsSpan(_turnAt), number);
        connection.Send(kind, _sent);
    }

    public override void Receive(long number)
    {
        WriteTurn(_expected.AsSpan(_turnAt), number);
        Check(connection.Receive(), _expected);
    }

    public override void Dispose() => connection.Dispose();

    private static byte[] Around(byte[]? prefix, byte[]? suffix) =>
        [.. prefix ?? [], .. new byte[TurnBytes], .. suffix ?? []];
}
