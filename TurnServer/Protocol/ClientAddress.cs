using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace TurnServer.Protocol;

/// <summary>
/// Where a player speaks from, as one comparable value: an IPv4 address whole, an IPv6 address by its /64, which is
/// what one subscriber is given and moves about in. Limits per address count these.
/// </summary>
public readonly record struct ClientAddress
{
    private readonly UInt128 _bits;

    private ClientAddress(UInt128 bits) => _bits = bits;

    /// <summary>The value as a number, to be kept in a file: <see cref="OfBits"/> makes the same of it.</summary>
    internal UInt128 Bits => _bits;

    /// <summary>Whether the peer is on this machine, which exempts it from limits per address.</summary>
    public bool IsLoopback => IsIPv4 ? (byte)(_bits >> 24) == 127 : _bits == 0;

    private bool IsIPv4 => (_bits >> 32) == 0xFFFF;

    /// <summary>The value of an IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is the IPv4 address.</summary>
    public static ClientAddress Of(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return new ClientAddress(((UInt128)0xFFFF << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes));
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        // ::1 becomes ::/64, which has no other host.
        return new ClientAddress((bits >> 32) == 0xFFFF ? bits : bits & (UInt128.MaxValue << 64));
    }

    internal static ClientAddress OfBits(UInt128 bits) => new(bits);

    /// <summary>The address as people write it; an IPv6 one with its /64.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _bits);
        return IsIPv4 ? new IPAddress(bytes[12..]).ToString() : $"{new IPAddress(bytes)}/64";
    }
}
