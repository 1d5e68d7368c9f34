using System.Text;
using System.Text.Unicode;

namespace TurnServer.Bench.Client;

/// <summary>
/// A seat of the driver, on its own connection. Turns are numbered, so every reply is known in advance but for the
/// number of turns in it: any other reply is an error.
/// </summary>
/// <param name="port">The server's port on this machine.</param>
/// <param name="seat">The seat.</param>
/// <param name="headers">Additional header lines of every request, each with its line break.</param>
internal sealed class DrivenSeat(int port, PlayedSeat seat, string headers = "") : IDisposable
{
    private const int BodyBytesMax = 256;
    private const int TurnBytes = 20;

    private readonly BlockingConnection _connection = new(port, headers);
    private readonly byte[] _body = new byte[BodyBytesMax];
    private readonly byte[] _turn = new byte[TurnBytes];
    private long _turnsSent;
    private long _turnsRead;

    /// <summary>The counter of the last update sent; -1: none was sent.</summary>
    public long LastCounter { get; private set; } = -1;

    /// <summary>Sends an update with the next turn.</summary>
    /// <param name="waitSeconds">How long the reply may be held; 0: not at all.</param>
    public void SendTurn(int waitSeconds = 0)
    {
        LastCounter++;
        Utf8.TryWrite(_body, $"6,turn {_turnsSent++:D13} d,{seat.Key},{seat.Number},{LastCounter}", out var length);
        _connection.Send(_body.AsSpan(0, length), waitSeconds);
    }

    /// <summary>Sends an update without a turn, whose reply may be held until the partner's next turn.</summary>
    public void SendEmpty(int waitSeconds)
    {
        LastCounter++;
        Utf8.TryWrite(_body, $"6,,{seat.Key},{seat.Number},{LastCounter}", out var length);
        _connection.Send(_body.AsSpan(0, length), waitSeconds);
    }

    /// <summary>Reads the reply to a new update; returns the number of turns in it.</summary>
    /// <exception cref="BenchException">It is another reply, or has other turns than the partner's next.</exception>
    public int ReadTurns() => CountTurns(_connection.Read().Body);

    /// <summary>Reads the reply to a new update, which must have one turn; returns whether it was held.</summary>
    /// <exception cref="BenchException">It is another reply.</exception>
    public bool ReadOneTurn()
    {
        var reply = _connection.Read();
        return CountTurns(reply.Body) == 1 ? reply.WasHeld : throw Wrong(reply.Body, "one turn");
    }

    /// <summary>Reads a reply, which must be 0/10/*, the only one of the bare servers.</summary>
    /// <exception cref="BenchException">It is another reply.</exception>
    public void ReadNoData()
    {
        var body = _connection.Read().Body;
        if (!body.SequenceEqual("0/10/*"u8))
            throw Wrong(body, "0/10/*");
    }

    public void Dispose() => _connection.Dispose();

    private static BenchException Wrong(ReadOnlySpan<byte> body, string expected) =>
        new($"a wrong reply, not {expected}: {Encoding.UTF8.GetString(body)}");

    private int CountTurns(ReadOnlySpan<byte> body)
    {
        if (body.SequenceEqual("0/10/*"u8))
            return 0;
        if (!body.StartsWith("0/9/"u8))
            throw Wrong(body, "0/9/ or 0/10/ to a new counter");
        var turns = body["0/9/".Length..];
        for (var count = 1; ; count++)
        {
            Utf8.TryWrite(_turn, $"turn {_turnsRead:D13} d", out _);
            if (!turns.StartsWith(_turn))
                throw Wrong(body, $"the partner's turn {_turnsRead}");
            _turnsRead++;
            turns = turns[TurnBytes..];
            if (turns.IsEmpty)
                return count;
            if (turns[0] != (byte)'|')
                throw Wrong(body, "whole turns");
            turns = turns[1..];
        }
    }
}
