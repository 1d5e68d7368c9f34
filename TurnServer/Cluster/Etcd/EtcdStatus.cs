using Etcdserverpb;

namespace TurnServer.Cluster.Etcd;

/// <summary>What each server of etcd says about itself, for a status page.</summary>
/// <param name="Servers">In the order of the options.</param>
/// <param name="AlarmBytes">See <see cref="EtcdOptions.SpaceAlarmBytes"/>.</param>
internal sealed record EtcdStatus(IReadOnlyList<EtcdServerStatus> Servers, long AlarmBytes)
{
    /// <summary>The size of the largest database, in bytes: etcd's quota is about this. 0: unknown.</summary>
    public long DatabaseBytes => Servers.Max(server => server.DatabaseBytes);

    /// <summary>
    /// Why this server, as an owner, could not compact etcd's history the last time; null: it could, or need not.
    /// </summary>
    public string? CompactionError { get; init; }

    /// <summary>Whether the servers are one cluster.</summary>
    public EtcdAgreement Agreement { get; init; }

    /// <summary>Whether an operator should do something about etcd's space.</summary>
    public bool IsNearlyFull => DatabaseBytes >= AlarmBytes;

    /// <summary>Asks every server. A server that does not answer is told by its error.</summary>
    public static async Task<EtcdStatus> ReadAsync(EtcdConnection connection, CancellationToken stop) =>
        new(await Task.WhenAll(connection.Endpoints.Select(endpoint => ReadAsync(connection, endpoint, stop))),
            connection.Options.SpaceAlarmBytes);

    private static async Task<EtcdServerStatus> ReadAsync(EtcdConnection connection, EtcdEndpoint endpoint,
        CancellationToken stop)
    {
        try
        {
            var status = await connection.AskAsync(endpoint,
                (etcd, options) => etcd.Maintenance.StatusAsync(new StatusRequest(), options).ResponseAsync, stop);
            return new EtcdServerStatus(endpoint.Address)
            {
                Version = status.Version,
                IsLeader = status.Leader == status.Header.MemberId,
                DatabaseBytes = status.DbSize,
                UsedBytes = status.DbSizeInUse,
                Error = status.Errors.Count == 0 ? null : string.Join("; ", status.Errors),
            };
        }
        catch (LogUnavailableException e)
        {
            return EtcdServerStatus.Of(endpoint.Address, e);
        }
    }
}

/// <summary>What a server of etcd says about itself.</summary>
/// <param name="Address">Such as http://10.0.0.1:2379.</param>
internal sealed record EtcdServerStatus(string Address)
{
    /// <summary>Such as 3.4.23; null if it has not answered.</summary>
    public string? Version { get; init; }

    public bool IsLeader { get; init; }

    /// <summary>The size of its database on disk, in bytes; 0 if it has not answered.</summary>
    public long DatabaseBytes { get; init; }

    /// <summary>How many bytes of these are in use; the rest is used again before the database grows.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Why it has not answered, or its alarms; null: all is well.</summary>
    public string? Error { get; init; }

    /// <summary>Whether it answers, and does not tell this user its state.</summary>
    public bool IsDenied { get; init; }

    /// <summary>A server that has not told its state.</summary>
    public static EtcdServerStatus Of(string address, LogUnavailableException e) => new(address)
    {
        Error = e.Message.Replace($"{address}: ", "", StringComparison.Ordinal),
        IsDenied = e.IsDenied,
    };
}
