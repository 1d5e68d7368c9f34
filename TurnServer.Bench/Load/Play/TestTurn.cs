using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load.Play;

/// <summary>A turn of a load test: it says all that its receiver needs to check it.</summary>
/// <param name="IsLast">Whether its sender sends no more in this game.</param>
/// <param name="Stream">Who sent it, in which game: see <see cref="TurnStream"/>.</param>
/// <param name="Number">Counted from 0 in each stream.</param>
/// <param name="DueAt">When it was due to be sent, in Stopwatch ticks.</param>
internal readonly record struct TestTurn(bool IsLast, long Stream, long Number, long DueAt)
{
    private const byte Separator = (byte)',';

    /// <summary>Such as <c>T,17,4,812044123</c>; the last one of a game begins with F.</summary>
    public byte[] Compose() => Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{(IsLast ? 'F' : 'T')},{Stream},{Number},{DueAt}"));

    public static bool TryParse(ReadOnlySpan<byte> text, out TestTurn turn)
    {
        turn = default;
        if (text is not [(byte)'T' or (byte)'F', Separator, ..])
            return false;
        var isLast = text[0] == (byte)'F';
        text = text[1..];
        if (!TryTake(ref text, out var stream) || !TryTake(ref text, out var number)
            || !TryTake(ref text, out var dueAt) || text.Length > 0)
        {
            return false;
        }

        turn = new TestTurn(isLast, stream, number, dueAt);
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text is not [Separator, >= (byte)'0' and <= (byte)'9', ..]
            || !Utf8Parser.TryParse(text[1..], out number, out var length))
        {
            return false;
        }

        text = text[(length + 1)..];
        return true;
    }
}
