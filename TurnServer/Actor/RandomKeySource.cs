using System.Buffers.Binary;
using System.Security.Cryptography;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Actor;

/// <summary>Draws keys from the system's cryptographic random source, in batches. Not thread-safe.</summary>
public sealed class RandomKeySource : IKeySource
{
    private readonly byte[] _drawn = new byte[64 * sizeof(ulong)];
    private int _used;

    /// <summary>Creates a source that draws on first use.</summary>
    public RandomKeySource() => _used = _drawn.Length;

    /// <inheritdoc/>
    public ulong Draw()
    {
        if (_used == _drawn.Length)
        {
            RandomNumberGenerator.Fill(_drawn);
            _used = 0;
        }

        var key = BinaryPrimitives.ReadUInt64LittleEndian(_drawn.AsSpan(_used)) % ProtocolLimits.KeyEnd;
        // A key that has been handed out must not be found in memory beside those to come.
        _drawn.AsSpan(_used, sizeof(ulong)).Clear();
        _used += sizeof(ulong);
        return key;
    }
}
