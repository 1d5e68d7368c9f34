using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace TurnServer.Protocol;

/// <summary>
/// A client's address, the unit of limits per address: a whole IPv4 address, or the /64 of an IPv6 address, which one
/// subscriber is assigned.
/// </summary>
public readonly record struct ClientAddress
{
    // A bit that no address has: it is 0 in a mapped IPv4 address, and so is the lower half of an IPv6 address.
    private static readonly UInt128 ProxyMark = (UInt128)1 << 48;

    private readonly UInt128 _bits;

    private ClientAddress(UInt128 bits) => _bits = bits;

    /// <summary>The value as a number for files; <see cref="OfBits"/> restores it.</summary>
    internal UInt128 Bits => _bits;

    /// <summary>Whether the client is on this machine, which exempts it from limits per address.</summary>
    public bool IsLoopback => !IsProxy && (IsIPv4 ? (byte)(_bits >> 24) == 127 : _bits == 0);

    private bool IsIPv4 => ((_bits & ~ProxyMark) >> 32) == 0xFFFF;

    private bool IsProxy => (_bits & ProxyMark) != 0;

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

    /// <summary>
    /// The address of a reverse proxy that does not name its clients: they share one limit, on this machine too.
    /// </summary>
    public ClientAddress AsProxy() => new(_bits | ProxyMark);

    internal static ClientAddress OfBits(UInt128 bits) => new(bits);

    /// <summary>The usual notation, with /64 after an IPv6 address and (proxy) after a proxy's.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _bits);
        var address = IsIPv4 ? $"{new IPAddress(bytes[12..])}" : $"{new IPAddress(bytes)}/64";
        return IsProxy ? address + " (proxy)" : address;
    }
}
