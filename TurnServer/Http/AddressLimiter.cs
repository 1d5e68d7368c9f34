using System.Diagnostics;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Limits requests per second and address, with token buckets that hold two seconds' worth. The buckets are .NET's;
/// their table is not, as PartitionedRateLimiter is unbounded and scans all entries ten times a second. The table has
/// two generations: an address that sent nothing for a whole generation has a full bucket again and can be dropped.
/// </summary>
internal sealed class AddressLimiter(int requestsPerSecond, ILogger log)
{
    /// <summary>The most addresses in one generation; at about 300 bytes each, both take 40 MB.</summary>
    public const int Capacity = 65_536;

    /// <summary>The size of a bucket, in seconds' worth of requests, and so the time it takes to fill.</summary>
    private const int BurstSeconds = 2;

    private static readonly TimeSpan Generation = TimeSpan.FromSeconds(BurstSeconds);

    private readonly TokenBucketRateLimiterOptions _bucket = new()
    {
        TokenLimit = Math.Max(1, requestsPerSecond) * BurstSeconds,
        TokensPerPeriod = Math.Max(1, requestsPerSecond),
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        AutoReplenishment = false,
    };

    private readonly Lock _lock = new();
    private Dictionary<ClientAddress, TokenBucketRateLimiter> _young = [];
    private Dictionary<ClientAddress, TokenBucketRateLimiter> _old = [];
    private long _rotatedAt = Stopwatch.GetTimestamp();

    /// <summary>How many addresses have a bucket.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _young.Count + _old.Count;
        }
    }

    /// <summary>Takes a token for a request; false when the address has none left. Loopback is exempt.</summary>
    public bool TryAdmit(ClientAddress address)
    {
        if (requestsPerSecond == 0 || address.IsLoopback)
            return true;
        var bucket = BucketOf(address);
        bucket.TryReplenish();
        using var lease = bucket.AttemptAcquire();
        return lease.IsAcquired;
    }

    private TokenBucketRateLimiter BucketOf(ClientAddress address)
    {
        lock (_lock)
        {
            var isFull = _young.Count >= Capacity;
            if (isFull || Stopwatch.GetElapsedTime(_rotatedAt) >= Generation)
            {
                if (isFull)
                    Log.AddressTableFull(log, Capacity);
                (_young, _old) = (_old, _young);
                _young.Clear();
                _rotatedAt = Stopwatch.GetTimestamp();
            }

            if (_young.TryGetValue(address, out var bucket))
                return bucket;
            if (!_old.Remove(address, out bucket))
                bucket = new TokenBucketRateLimiter(_bucket);
            _young.Add(address, bucket);
            return bucket;
        }
    }
}
