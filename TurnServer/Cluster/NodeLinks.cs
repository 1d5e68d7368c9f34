using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TurnServer.Cluster.Link;

namespace TurnServer.Cluster;

/// <summary>The link to the server that owns the table. Any thread may use it.</summary>
/// <param name="ownId">This server, as in <see cref="ClusterMember.Id"/>.</param>
/// <param name="signs">Are told whether the owner can be reached.</param>
/// <param name="clock">For the link's timeouts.</param>
/// <param name="log">For the operator.</param>
internal sealed class NodeLinks(string ownId, OwnerSigns signs, TimeProvider clock, ILogger log) : IDisposable
{
    // Longer than a takeover takes: until then players wait here, instead of being sent elsewhere by a load balancer.
    private static readonly TimeSpan UnreachableAfter = TimeSpan.FromSeconds(5);

    // The same, for an owner that goes on appending: nobody is going to replace it.
    private static readonly TimeSpan OutOfReachAfter = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private string? _server;
    private int _choice;
    private long? _disconnectedAt;
    private Task<LinkClient?>? _connecting;
    private bool _wasConnected;
    private bool _isStopped;

    /// <summary>Whether the link works, as far as is known.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
                return _connecting is { IsCompletedSuccessfully: true, Result.Closed.IsCompleted: false };
        }
    }

    /// <summary>
    /// Whether players should go to another server: the owner has not been reached for longer than a takeover takes, or
    /// lives on out of reach.
    /// </summary>
    public bool IsUnreachable => Disconnected is { } disconnected && (disconnected >= UnreachableAfter
        || (disconnected >= OutOfReachAfter && signs.Quiet <= disconnected - OutOfReachAfter));

    /// <summary>For how long the owner has not been reached; null: it is reached, or this server owns the table.
    /// </summary>
    public TimeSpan? Disconnected
    {
        get
        {
            lock (_gate)
                return IsConnected || _disconnectedAt is not { } at ? null : clock.GetElapsedTime(at);
        }
    }

    /// <summary>Connects to a new owner before the first request, and again whenever the link is lost.</summary>
    /// <param name="owner">Null: this server.</param>
    public void Connect(ClusterMember? owner)
    {
        int choice;
        lock (_gate)
        {
            if (_server == owner?.Id || _isStopped)
                return;
            Close();
            (_server, _wasConnected, _connecting) = (owner?.Id, false, null);
            choice = ++_choice;
            _disconnectedAt = owner is null ? null : clock.GetTimestamp();
        }

        // Fails only on a bug of the link.
        if (owner is not null)
            _ = StayConnectedAsync(owner, choice);
    }

    /// <summary>Passes a request on.</summary>
    public async ValueTask<ForwardAnswer> AskAsync(ClusterMember owner, ForwardedRequest request)
    {
        var link = await ConnectAsync(owner);
        return link is null ? ForwardAnswer.NotTaken : await link.AskAsync(request);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isStopped = true;
            Close();
        }

        // Not disposed of: connecting may still use its token.
        _stop.Cancel();
    }

    // One link at a time: to the latest owner. Whatever waits for replies of an earlier one has to ask the new one; a
    // request that is late to learn of it must not bring back the link to the earlier one.
    private Task<LinkClient?> ConnectAsync(ClusterMember owner)
    {
        lock (_gate)
        {
            if (_server != owner.Id || _isStopped)
                return Task.FromResult<LinkClient?>(null);
            var isUsable = _connecting is { IsCompleted: false }
                or { IsCompletedSuccessfully: true, Result.Closed.IsCompleted: false };
            return isUsable ? _connecting! : _connecting = TryConnectAsync(owner);
        }
    }

    // Null: it cannot be reached; the caller asks again soon.
    private async Task<LinkClient?> TryConnectAsync(ClusterMember owner)
    {
        // Not under the gate.
        await Task.Yield();
        try
        {
            var link = await LinkClient.ConnectAsync(owner.Address, owner.Token, ownId, clock, log, _stop.Token);
            lock (_gate)
            {
                if (_server == owner.Id)
                {
                    _wasConnected = true;
                    _disconnectedAt = null;
                    return link;
                }
            }

            link.Dispose();
            return null;
        }
        catch (LinkException e)
        {
            if (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
                && WasConnected(owner))
            {
                signs.NoteRefusing(owner.Id);
            }

            return null;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return null;
        }
    }

    // At once, and not with the next request: if its process is gone, another server has to take over. And without
    // requests, as a load balancer sends none while the owner is out of reach. Ends with the next choice, even if that
    // is the same owner again.
    private async Task StayConnectedAsync(ClusterMember owner, int choice)
    {
        while (IsCurrent(choice))
        {
            if (await ConnectAsync(owner) is { } link)
            {
                signs.NoteAlive(owner.Id);
                await link.Closed;
                NoteDisconnected(choice);
                if (link.WasSilent && IsCurrent(choice))
                    signs.NoteSilent(owner.Id);
            }
            else
            {
                // Again: its last batches may have come after it had fallen silent here.
                if (WasConnected(owner))
                    signs.NoteSilent(owner.Id);
                await Task.Delay(RetryPause, clock, CancellationToken.None);
            }
        }
    }

    private void NoteDisconnected(int choice)
    {
        lock (_gate)
        {
            if (_choice == choice)
                _disconnectedAt = clock.GetTimestamp();
        }
    }

    private bool IsCurrent(int choice)
    {
        lock (_gate)
            return _choice == choice && !_isStopped;
    }

    private bool WasConnected(ClusterMember owner)
    {
        lock (_gate)
            return _wasConnected && _server == owner.Id;
    }

    private void Close()
    {
        if (_connecting is { IsCompletedSuccessfully: true, Result: { } link })
            link.Dispose();
    }
}
