using System.Runtime.CompilerServices;
using TurnServer.Protocol;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// A request's tag, as it came. A copy: while a reply is held, nothing needs the request's message any more.
/// </summary>
internal struct SocketTag
{
    private Digits _digits;
    private readonly byte _length;

    /// <param name="digits">1 to <see cref="SocketRequest.TagDigitsMax"/> bytes.</param>
    public SocketTag(ReadOnlySpan<byte> digits)
    {
        digits.CopyTo(_digits);
        _length = (byte)digits.Length;
    }

    /// <summary>Copies the tag to the beginning of a message; returns its length.</summary>
    public readonly int CopyTo(Span<byte> message)
    {
        ((ReadOnlySpan<byte>)_digits)[.._length].CopyTo(message);
        return _length;
    }

    [InlineArray(SocketRequest.TagDigitsMax)]
    private struct Digits
    {
        private byte _first;
    }
}
