using System.Text;
using System.Text.Unicode;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Rivals.Seats;

/// <summary>One player of a pair, on its own connection. Turns have numbers, so that the receiver knows each.</summary>
internal abstract class RivalSeat : IDisposable
{
    /// <summary>The length of a turn's text.</summary>
    public const int TurnBytes = 20;

    /// <summary>Called before the partner's first turn: asks for it, if the server must be asked.</summary>
    public virtual void Await()
    {
    }

    /// <summary>Sends a turn, and asks for the partner's next one if the server must be asked.</summary>
    /// <param name="number">The number of the turn in its pair.</param>
    /// <exception cref="BenchException">It cannot be sent.</exception>
    public abstract void Send(long number);

    /// <summary>Waits for a turn.</summary>
    /// <param name="number">The number that it must have.</param>
    /// <exception cref="BenchException">Something else comes, or nothing.</exception>
    public abstract void Receive(long number);

    public abstract void Dispose();

    /// <summary>Writes a turn's text; returns its length.</summary>
    protected static int WriteTurn(Span<byte> to, long number)
    {
        Utf8.TryWrite(to, $"turn {number:D13} d", out var length);
        return length;
    }

    /// <summary>Throws unless a message is what is expected.</summary>
    protected static void Check(ReadOnlySpan<byte> message, ReadOnlySpan<byte> expected)
    {
        if (!message.SequenceEqual(expected))
            throw Wrong(message, Encoding.UTF8.GetString(expected));
    }

    /// <summary>The error for a message that is not what is expected.</summary>
    protected static BenchException Wrong(ReadOnlySpan<byte> message, string expected) =>
        new($"a wrong message, not {expected}: {Encoding.UTF8.GetString(message)}");
}
