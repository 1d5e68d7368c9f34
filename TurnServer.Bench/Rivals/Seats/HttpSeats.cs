using TurnServer.Bench.Client;

namespace TurnServer.Bench.Rivals.Seats;

/// <summary>A seat of this server over HTTP, with each turn in the update that waits for the partner's next.</summary>
internal sealed class HeldUpdateSeat(DrivenSeat seat) : RivalSeat
{
    public override void Await() => seat.SendEmpty(Play.WaitSeconds);

    // The seat numbers its turns itself.
    public override void Send(long number) => seat.SendTurn(Play.WaitSeconds);

    public override void Receive(long number) => seat.ReadOneTurn();

    public override void Dispose() => seat.Dispose();
}

/// <summary>A client of an HTTP server that replies at once: the body of the request, or always the same.</summary>
/// <param name="port">The server's port on this machine.</param>
/// <param name="reply">The reply; null: the body of the request.</param>
internal sealed class EchoSeat(int port, byte[]? reply = null) : RivalSeat
{
    private readonly BlockingConnection _connection = new(port);
    private readonly byte[] _body = new byte[TurnBytes];

    public override void Send(long number)
    {
        WriteTurn(_body, number);
        _connection.Send(_body, 0);
    }

    public override void Receive(long number) => Check(_connection.Read().Body, reply ?? _body);

    public override void Dispose() => _connection.Dispose();
}
