using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Cluster.Link;
using TurnServer.Http;
using TurnServer.Journal;
using TurnServer.Rules;

namespace TurnServer.Cli;

/// <summary>A server of a cluster on etcd.</summary>
internal sealed class ClusterTableHost : ITableHost
{
    // A shard that cannot be handed over, as without etcd, is taken over when the registration has run out. With
    // shards, moving them one after the other comes first.
    private static readonly TimeSpan HandOverTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MoveTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PlanRetryPause = TimeSpan.FromMilliseconds(250);
    private const int TokenBytes = 32;
    private const int IdBytes = 4;

    private readonly ILogger _log;
    private readonly ServeOptions _serveOptions;
    private readonly ClusterOptions _options;
    private readonly ClusterMember _self;
    private readonly int _port;
    private readonly EtcdConnection _connection;
    private readonly EtcdCompactor _compactor;
    private readonly EtcdHeads _heads;
    private readonly EtcdMonitor _etcd;
    private readonly ClusterEntrance _entrance = new(TimeProvider.System);
    private readonly CancellationTokenSource _stop = new();
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
        (_serveOptions, _options) = (options, options.Cluster);
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
        _compactor = new EtcdCompactor(_connection);
        _heads = new EtcdHeads(_connection);
        _etcd = new EtcdMonitor(ReadEtcdAsync, clock, log);
    }

    /// <inheritdoc/>
    public ITableQueries Table => _entrance;

    /// <inheritdoc/>
    public IPlayerGateway Gateway => _entrance;

    /// <inheritdoc/>
    public Func<ClusterStatus> ClusterStatus => () =>
    {
        var status = _entrance.Run?.Overview.GetStatus() ?? ClusterOverview.Unknown(_self, _entrance.Problem);
        return status with { Name = _options.Name, Etcd = _etcd.Latest };
    };

    /// <inheritdoc/>
    public Func<Task> RoleChanged => () => _entrance.Run?.Node.RoleChanged ?? _entrance.Opened;

    /// <inheritdoc/>
    public void Begin()
    {
        try
        {
            _linkServer = LinkServer.Start(new IPEndPoint(IPAddress.Any, _port), _self.Token, _entrance.AnswerAsync,
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
        _running = RunNodeAsync();
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
        if (_entrance.Run is not { } run)
            return !_running.IsCompleted;
        run.Gateway.Drain();
        _handingOver = run.Node.HandOverAsync();
        var timeout = run.Node.Role == ShardRole.Whole ? HandOverTimeout : MoveTimeout;
        await Task.WhenAny(_handingOver, _running, Task.Delay(timeout));
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
        _entrance.Run?.Node.Stop();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _handingOver.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _monitoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_linkServer is not null)
            await _linkServer.DisposeAsync();
        await _compactor.DisposeAsync();
        await _heads.DisposeAsync();
    }

    public void Dispose()
    {
        _entrance.Run?.Dispose();
        _connection.Dispose();
        _stop.Dispose();
    }

    private async Task RunNodeAsync()
    {
        int gameShards;
        try
        {
            gameShards = await AgreeOnShardsAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }

        if (gameShards > 0)
            Log.ClusterHasShards(_log, gameShards);
        if (_options.GameShards is { } wanted && wanted != gameShards)
            Log.ClusterShardsDiffer(_log, wanted, gameShards);
        var run = new ClusterRun(_serveOptions, gameShards, _self, _connection, _compactor, _heads, _log);
        _entrance.Open(run);
        if (!_stop.IsCancellationRequested)
            await run.Node.RunAsync();
    }

    private async Task<int> AgreeOnShardsAsync()
    {
        var hasFailed = false;
        while (true)
        {
            try
            {
                var gameShards = await EtcdClusterPlan.AgreeAsync(_connection,
                    _options.GameShards ?? ClusterOptions.GameShardsDefault, _stop.Token);
                if (hasFailed)
                    Log.LogAvailable(_log);
                return gameShards;
            }
            catch (LogUnavailableException e)
            {
                _entrance.Problem = e.Problem;
                if (!hasFailed)
                    Log.LogUnavailable(_log, e.Message);
                hasFailed = true;
                await Task.Delay(PlanRetryPause, _stop.Token);
            }
        }
    }

    private async Task<EtcdStatus> ReadEtcdAsync(CancellationToken stop)
    {
        var status = EtcdStatus.ReadAsync(_connection, stop);
        var agreement = EtcdAgreement.CheckAsync(_connection, EtcdMembers.KeyOf(_options.Name, _self.Id), stop);
        await Task.WhenAll(status, agreement);
        return (await status) with { Agreement = await agreement, CompactionError = _compactor.Error };
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
