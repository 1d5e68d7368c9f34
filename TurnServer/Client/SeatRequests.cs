using System.Buffers;
using System.Globalization;
using System.Text;

namespace TurnServer.Client;

/// <summary>Composes the requests of one seat (PROTOCOL.md, "Request").</summary>
internal sealed class SeatRequests(string key, string number)
{
    private readonly byte[] _tail = Encoding.ASCII.GetBytes($",{key},{number},");

    public string Key => key;

    public string Number => number;

    /// <summary>The body that leaves the game.</summary>
    public byte[] Quit() => Encoding.ASCII.GetBytes($"5,*,{key},{number},*");

    /// <summary>The body of an update, with the turns joined by <c>|</c>.</summary>
    public ReadOnlyMemory<byte> Update(IReadOnlyList<OutgoingTurn> turns, long counter)
    {
        var body = new ArrayBufferWriter<byte>(Length(turns) + _tail.Length + 24);
        body.Write("6,"u8);
        for (var i = 0; i < turns.Count; i++)
        {
            if (i > 0)
                body.Write("|"u8);
            body.Write(turns[i].Bytes.Span);
        }

        body.Write(_tail);
        counter.TryFormat(body.GetSpan(20), out var length, provider: CultureInfo.InvariantCulture);
        body.Advance(length);
        return body.WrittenMemory;
    }

    private static int Length(IReadOnlyList<OutgoingTurn> turns)
    {
        var length = 0;
        for (var i = 0; i < turns.Count; i++)
            length += turns[i].Bytes.Length + 1;
        return length;
    }
}
