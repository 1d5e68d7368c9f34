using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>
/// Source of new keys, injected because the rules are deterministic and random keys are not. It may repeat itself: the
/// rules draw again while a key is in use.
/// </summary>
public interface IKeySource
{
    /// <summary>A number below <see cref="ProtocolLimits.KeyEnd"/>.</summary>
    ulong Draw();
}

/// <summary>Draws unused keys from a source, and lists those of the current step for its journal record.</summary>
internal sealed class KeyAllocator(IKeySource source)
{
    private readonly List<ulong> _drawn = [];

    /// <summary>The keys drawn since the last <see cref="Clear"/>, in order. Valid until the next draw.</summary>
    public ReadOnlySpan<ulong> Drawn => CollectionsMarshal.AsSpan(_drawn);

    /// <summary>The last key drawn; 0 before the first.</summary>
    public ulong Last { get; set; }

    /// <summary>Draws from another source from now on.</summary>
    public void SetSource(IKeySource other) => source = other;

    public void Clear() => _drawn.Clear();

    /// <summary>
    /// Draws a key that is not in use. Pairing keys and seat keys are separate: each need only be unique in its kind.
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
/// Counts up from 0 (<c>--keys sequential</c>), for old clients that store keys in 32 bits and for debugging. Such keys
/// are easy to guess.
/// </summary>
/// <param name="first">The first key; those before it were used before a restart.</param>
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
