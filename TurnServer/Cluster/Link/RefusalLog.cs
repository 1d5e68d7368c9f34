using System.Net;
using Microsoft.Extensions.Logging;

namespace TurnServer.Cluster.Link;

/// <summary>Logs refused connections, at most one a minute: a port scanner must not fill the log.</summary>
internal sealed class RefusalLog(TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private long? _loggedAt;
    private int _suppressed;

    public void Add(EndPoint? from, string reason)
    {
        int suppressed;
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            if (_loggedAt is { } last && clock.GetElapsedTime(last, now) < Interval)
            {
                _suppressed++;
                return;
            }

            _loggedAt = now;
            suppressed = _suppressed;
            _suppressed = 0;
        }

        Log.LinkRefused(log, $"{from}", reason, suppressed);
    }
}
