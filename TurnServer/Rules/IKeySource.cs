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

/// <summary>What the rules ask of any source of keys.</summary>
internal static class KeySourceExtensions
{
    /// <summary>
    /// A key that is not in use: two kinds of key are looked up apart, so each need only differ from its own.
    /// </summary>
    public static ulong DrawUnused<T>(this IKeySource source, Dictionary<ulong, T> inUse)
    {
        while (true)
        {
            var key = source.Draw();
            if (!inUse.ContainsKey(key))
                return key;
        }
    }
}

/// <summary>
/// Counts up from 0 (<c>--keys sequential</c>): for old clients that keep keys in 32 bits and for debugging. Anyone can
/// guess such keys.
/// </summary>
public sealed class SequentialKeySource : IKeySource
{
    private ulong _next;

    /// <inheritdoc/>
    public ulong Draw()
    {
        var key = _next;
        _next = (_next + 1) % ProtocolLimits.KeyEnd;
        return key;
    }
}
