using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Counts connections by address, loopback excepted. New connections are counted at once. Whoever does not learn when
/// one is closed recounts all that are open from time to time.
/// </summary>
internal sealed class AddressConnections(int max)
{
    private readonly Lock _lock = new();
    private Dictionary<ClientAddress, int> _counts = [];

    /// <summary>
    /// Counts a new connection; false when its address has reached the limit. A limit of 0 admits all.
    /// </summary>
    public bool TryAdmit(ClientAddress address)
    {
        if (max == 0 || address.IsLoopback)
            return true;
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, address, out _);
            if (count >= max)
                return false;
            count++;
            return true;
        }
    }

    /// <summary>Counts an admitted connection as closed.</summary>
    public void Release(ClientAddress address)
    {
        if (max == 0 || address.IsLoopback)
            return;
        lock (_lock)
        {
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_counts, address, out _) == 0)
                _counts.Remove(address);
        }
    }

    /// <summary>Replaces the counts by those of the open connections.</summary>
    public void Recount(IEnumerable<ClientAddress> open)
    {
        if (max == 0)
            return;
        var counts = new Dictionary<ClientAddress, int>();
        foreach (var address in open.Where(address => !address.IsLoopback))
            CollectionsMarshal.GetValueRefOrAddDefault(counts, address, out _)++;
        lock (_lock)
            _counts = counts;
    }
}
