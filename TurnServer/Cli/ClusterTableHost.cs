using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Link;
using TurnServer.Cluster.Replication;
using TurnServer.Http;
using TurnServer.Journal;

namespace TurnServer.Cli;

/// <summary>A server of a cluster on etcd.</summary>
internal sealed class ClusterTableHost : ITableHost
{
    // A shard that cannot be handed over, as without etcd, is taken over when the registration has run out.
    private static readonly TimeSpan HandOverTimeout = TimeSpan.FromSeconds(3);
    private const int TokenBytes = 32;
    private const int IdBytes = 4;

    private readonly ILogger _log;
    private readonly ClusterOptions _options;
    private readonly ClusterMember _self;
    private readonly int _port;
    private readonly EtcdConnection _connection;
    private readonly EtcdShardLog _shardLog;
    private readonly EtcdMonitor _etcd;
    private readonly CancellationTokenSource _stop = new();
    private readonly ClusterNode _node;
    private readonly NodeLinks _links;
    private readonly ClusterGateway _gateway;
    private LinkServer? _linkServer;
    private Task _running = Task.CompletedTask;
    private Task _handingOver = Task.CompletedTask;
    private Task _monitoring = Task.CompletedTask;

    /// <exception cref="StateException">
    /// The flags of the cluster cannot be used; the message is for the operator.
    /// </exception>
    public ClusterTableHost(ServeOptions options, ILogger log)
    {
        _log = log;
        _options = options.Cluster;
        var clock = TimeProvider.System;
        var advertise = _options.Advertise
            ?? new DnsEndPoint(FindAddress(_options.Endpoints), ClusterOptions.DefaultPort);
        _port = advertise.Port;
        _self = new ClusterMember
        {
            Id = $"{Environment.MachineName}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes))}",
            Address = $"{advertise.Host}:{advertise.Port}",
            Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes)),
            Version = Server.Version,
            StartedAt = clock.GetUtcNow(),
        };
        _connection = Connect(_options);
        _shardLog = new EtcdShardLog(_connection);
        _etcd = new EtcdMonitor(ReadEtcdAsync, clock, log);
        var grace = options.State.GraceUnder(options.Rules);
        var settings = new StateSettings(options.Rules, options.HasSequentialKeys);
        var forwardOnly = new ForwardOnlyLog(_shardLog);
        var candidate = new ShardCandidate(forwardOnly, _self.Id, settings, grace,
            last => Server.CreateKeySource(options, last), clock);
        var shard = new ClusterShard(_self, forwardOnly, candidate, grace,
            actor => new TurnGateway(actor, options.Http.WaitSecondsMax, log, confirmsQueries: true), clock, log);
        _node = new ClusterNode(_self, new EtcdMembers(_connection, log), [shard]);
        _links = new NodeLinks(_self.Id, clock, log);
        var link = _links.For(shard.Signs);
        shard.OwnerFound = link.Connect;
        shard.IsPassingOn = () => link.IsConnected;
        shard.IsOwnerUnreachable = () => link.IsUnreachable;
        _gateway = new ClusterGateway(_node, _links.AskAsync, clock);
    }

    /// <inheritdoc/>
    public ITableQueries Table => _node;

    /// <inheritdoc/>
    public IPlayerGateway Gateway => _gateway;

    /// <inheritdoc/>
    public Func<ClusterStatus> ClusterStatus =>
        () => _node.GetStatus() with { Name = _options.Name, Etcd = _etcd.Latest };

    /// <inheritdoc/>
    public Func<Task> RoleChanged => () => _node.Lobby.Route.Changed;

    /// <inheritdoc/>
    public void Begin()
    {
        try
        {
            _linkServer = LinkServer.Start(new IPEndPoint(IPAddress.Any, _port), _self.Token, _gateway.AnswerAsync,
                TimeProvider.System, _log);
        }
        catch (LinkException e)
        {
            throw new CannotListenException($"--advertise {_self.Address}: {e.Message}");
        }

        if (_options.SendsPasswordInClear)
            Log.PasswordInClear(_log, _options.User!);
        Log.ClusterJoined(_log, _options.Name, string.Join(',', _options.Endpoints), _self.Address);
    }

    /// <inheritdoc/>
    public async Task RunAsync()
    {
        _running = _node.RunAsync();
        _monitoring = _etcd.RunAsync(_stop.Token);
        try
        {
            await await Task.WhenAny(_running, _linkServer!.Completion, _monitoring);
        }
        catch (Exception bug) when (bug is not ActorFailedException)
        {
            Log.LoopFailed(_log, bug);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> DrainAsync()
    {
        _gateway.Drain();
        _handingOver = _node.HandOverAsync();
        await Task.WhenAny(_handingOver, _running, Task.Delay(HandOverTimeout));
        return !_running.IsCompleted;
    }

    /// <inheritdoc/>
    public async Task<bool> FinishAsync()
    {
        await AbortAsync();
        return true;
    }

    /// <inheritdoc/>
    public async Task AbortAsync()
    {
        _node.Stop();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _handingOver.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _monitoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_linkServer is not null)
            await _linkServer.DisposeAsync();
        await _shardLog.DisposeAsync();
    }

    public void Dispose()
    {
        _links.Dispose();
        _node.Dispose();
        _connection.Dispose();
        _stop.Dispose();
    }

    private async Task<EtcdStatus> ReadEtcdAsync(CancellationToken stop)
    {
        var status = _shardLog.ReadSpaceAsync(stop);
        var agreement = EtcdAgreement.CheckAsync(_connection, EtcdMembers.KeyOf(_options.Name, _self.Id), stop);
        await Task.WhenAll(status, agreement);
        return (await status) with { Agreement = await agreement };
    }

    private static EtcdConnection Connect(ClusterOptions options)
    {
        try
        {
            return new EtcdConnection(new EtcdOptions
            {
                Endpoints = options.Endpoints,
                Name = options.Name,
                CaFile = options.CaFile,
                CertFile = options.CertFile,
                KeyFile = options.KeyFile,
                User = options.User,
                PasswordFile = options.PasswordFile,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
            or InvalidOperationException)
        {
            // InvalidOperationException: for a user without a home directory, in which .NET looks for certificates.
            var remedy = e is UnauthorizedAccessException
                ? " Under systemd, give the service the file with LoadCredential= (see Cluster/README.md)."
                : "";
            throw new StateException($"cannot use the files of --cluster-ca, --cluster-cert, --cluster-key and "
                + $"--cluster-password-file: {StateException.Reason(e)}.{remedy}", e);
        }
    }

    // The address that this machine reaches etcd from. Not a list of interfaces: the unit's sandbox has no netlink.
    private static string FindAddress(IEnumerable<Uri> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            try
            {
                // Connecting a datagram socket chooses the route and sends nothing.
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Connect(endpoint.Host, endpoint.Port);
                if (socket.LocalEndPoint is IPEndPoint { Address: var address } && !IPAddress.IsLoopback(address))
                    return address.ToString();
            }
            catch (SocketException)
            {
                // Its name cannot be resolved now, or there is no route: perhaps for the next one.
            }
        }

        throw new StateException("cannot find out at which address other servers reach this one: give --advertise "
            + "HOST:PORT.");
    }
}
