using System.Globalization;
using System.Text;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>A parsed reply.</summary>
internal readonly record struct ReplyText(int Error, string Second, byte[] Data)
{
    /// <summary>The CODE; −1 for an error.</summary>
    public int Code => Error == 0 ? int.Parse(Second, CultureInfo.InvariantCulture) : -1;

    public string Text => Encoding.UTF8.GetString(Data);

    public static ReplyText Read(byte[] reply)
    {
        var first = Array.IndexOf(reply, (byte)'/');
        var second = first < 0 ? -1 : Array.IndexOf(reply, (byte)'/', first + 1);
        if (second < 0 || !int.TryParse(reply.AsSpan()[..first], CultureInfo.InvariantCulture, out var error))
            throw new MismatchException("a reply with three fields", Printable.Of(reply));
        return new ReplyText(error, Encoding.ASCII.GetString(reply.AsSpan()[(first + 1)..second]),
            reply[(second + 1)..]);
    }
}
