using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Cluster.Link;

namespace TurnServer.Cluster;

/// <summary>
/// The link to another server, for all shards that it owns: connects at once, and again whenever the connection is
/// lost, until it is closed. Tells those shards whether the server can be reached. Any thread may use it.
/// </summary>
/// <param name="server">The other server.</param>
/// <param name="ownId">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="clock">For the link's timeouts.</param>
/// <param name="log">For the operator.</param>
/// <param name="stop">Gives up connecting.</param>
internal sealed class NodeLink(ClusterMember server, string ownId, TimeProvider clock, ILogger log,
    CancellationToken stop)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly List<OwnerSigns> _shards = [];
    private long? _disconnectedAt = clock.GetTimestamp();
    private Task<LinkClient?>? _connecting;
    private LinkClient? _client;
    private bool _wasConnected;
    private bool _isRefused;
    private bool _isClosed;

    /// <summary>The other server, as in <see cref="ClusterMember.Id"/>.</summary>
    public string Server => server.Id;

    /// <summary>Whether the link works, as far as is known.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
                return _client is { Closed.IsCompleted: false };
        }
    }

    /// <summary>Since when the server has not been reached, a timestamp of the clock; null: it is reached.</summary>
    public long? DisconnectedAt
    {
        get
        {
            lock (_gate)
                return IsConnected ? null : _disconnectedAt;
        }
    }

    /// <summary>Whether the last attempt to connect was refused: the process is gone, not the network.</summary>
    public bool IsRefused
    {
        get
        {
            lock (_gate)
                return _isRefused;
        }
    }

    /// <summary>Connects before the first request.</summary>
    // Fails only on a bug of the link.
    public void Open() => _ = StayConnectedAsync();

    /// <summary>Adds a shard that the server owns. May be called under the shard's lock.</summary>
    public void Add(OwnerSigns shard)
    {
        lock (_gate)
        {
            _shards.Add(shard);
            // An earlier link may have been refused.
            if (IsConnected)
                shard.NoteAlive(server.Id);
        }
    }

    /// <summary>Removes a shard. False if none is left.</summary>
    public bool Remove(OwnerSigns shard)
    {
        lock (_gate)
        {
            _shards.Remove(shard);
            return _shards.Count > 0;
        }
    }

    /// <summary>
    /// Passes a request on. <see cref="ForwardAnswer.NotTaken"/> if the server cannot be reached, or the link is
    /// closed.
    /// </summary>
    public async ValueTask<ForwardAnswer> AskAsync(ForwardedRequest request)
    {
        var link = await ConnectAsync();
        return link is null ? ForwardAnswer.NotTaken : await link.AskAsync(request);
    }

    /// <summary>Ends the link for good, and tells no shard anything from now on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _shards.Clear();
            _client?.Dispose();
        }
    }

    private Task<LinkClient?> ConnectAsync()
    {
        lock (_gate)
        {
            if (_isClosed)
                return Task.FromResult<LinkClient?>(null);
            var isUsable = IsConnected || _connecting is { IsCompleted: false };
            return isUsable ? _connecting! : _connecting = TryConnectAsync();
        }
    }

    // Null: it cannot be reached; the caller asks again soon.
    private async Task<LinkClient?> TryConnectAsync()
    {
        // Not under the gate.
        await Task.Yield();
        try
        {
            var link = await LinkClient.ConnectAsync(server.Address, server.Token, ownId, clock, log, stop);
            lock (_gate)
            {
                if (!_isClosed)
                {
                    (_client, _wasConnected, _disconnectedAt, _isRefused) = (link, true, null, false);
                    return link;
                }
            }

            link.Dispose();
            return null;
        }
        catch (LinkException e)
        {
            var isRefused = e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
            lock (_gate)
                _isRefused = isRefused;
            if (isRefused && WasConnected)
                Tell(shard => shard.NoteRefusing(server.Id));
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }

    // At once, and not with the next request: if its process is gone, another server has to take over. And without
    // requests, as a load balancer sends none while the owner is out of reach.
    private async Task StayConnectedAsync()
    {
        while (!IsClosed)
        {
            if (await ConnectAsync() is { } link)
            {
                Tell(shard => shard.NoteAlive(server.Id));
                await link.Closed;
                NoteDisconnected();
                if (link.WasSilent)
                    Tell(shard => shard.NoteSilent(server.Id));
            }
            else
            {
                // Again: its last batches may have come after it had fallen silent here, and shards may have been
                // added since.
                if (WasConnected)
                    Tell(shard => shard.NoteSilent(server.Id));
                await Task.Delay(RetryPause, clock, CancellationToken.None);
            }
        }
    }

    // Not under the gate: the shards may take their locks. One that has just been removed may be told too; that
    // says nothing of its next owner.
    private void Tell(Action<OwnerSigns> note)
    {
        OwnerSigns[] shards;
        lock (_gate)
            shards = [.. _shards];
        foreach (var shard in shards)
            note(shard);
    }

    private void NoteDisconnected()
    {
        lock (_gate)
            _disconnectedAt = clock.GetTimestamp();
    }

    private bool IsClosed
    {
        get
        {
            lock (_gate)
                return _isClosed;
        }
    }

    private bool WasConnected
    {
        get
        {
            lock (_gate)
                return _wasConnected;
        }
    }
}
