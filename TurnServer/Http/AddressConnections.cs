using System.Runtime.InteropServices;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// How many connections each address has, loopback excepted. New ones are counted as they come; nobody tells when one
/// goes, so all are counted anew from time to time, and what went in between is forgotten then.
/// </summary>
internal sealed class AddressConnections(int max)
{
    private readonly Lock _lock = new();
    private Dictionary<ClientAddress, int> _counts = [];

    /// <summary>
    /// Counts a new connection; false when its address has as many as it may. 0 for the most: no limit.
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

    /// <summary>Counts all that are open now.</summary>
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
