using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Where new keys come from. The rules draw again while a key is in use, so a source may repeat itself. It is handed in
/// because the rules are deterministic and cryptographic chance is not.
/// </summary>
public interface IKeySource
{
    /// <summary>A number below <see cref="ProtocolLimits.KeyEnd"/>.</summary>
    ulong Draw();
}

/// <summary>Draws what the rules need from a source, and remembers it for a record of one step.</summary>
internal sealed class KeyAllocator(IKeySource source)
{
    private readonly List<ulong> _drawn = [];

    /// <summary>The keys given out since the last <see cref="Clear"/>, in order. Good until the next draw.</summary>
    public ReadOnlySpan<ulong> Drawn => CollectionsMarshal.AsSpan(_drawn);

    /// <summary>The last key of all; 0 before the first.</summary>
    public ulong Last { get; set; }

    /// <summary>Draws from another source from now on.</summary>
    public void Use(IKeySource other) => source = other;

    public void Clear() => _drawn.Clear();

    /// <summary>
    /// A key that is not in use: two kinds of key are looked up apart, so each need only differ from its own.
    /// </summary>
    public ulong DrawUnused<T>(Dictionary<ulong, T> inUse)
    {
        while (true)
        {
            var key = source.Draw();
            if (!inUse.ContainsKey(key))
            {
                _drawn.Add(key);
                return Last = key;
            }
        }
    }
}

/// <summary>
/// Counts up from 0 (<c>--keys sequential</c>): for old clients that keep keys in 32 bits and for debugging. Anyone can
/// guess such keys.
/// </summary>
/// <param name="first">The first key; those before it have been given out before a restart.</param>
public sealed class SequentialKeySource(ulong first = 0) : IKeySource
{
    private ulong _next = first;

    /// <inheritdoc/>
    public ulong Draw()
    {
        var key = _next;
        _next = (_next + 1) % ProtocolLimits.KeyEnd;
        return key;
    }
}
