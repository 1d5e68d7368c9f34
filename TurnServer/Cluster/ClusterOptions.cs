using System.Net;

namespace TurnServer.Cluster;

/// <summary>The cluster that a server belongs to.</summary>
public sealed record ClusterOptions
{
    /// <summary>The port at which servers reach each other, unless another is given.</summary>
    public const int DefaultPort = 2390;

    /// <summary>The client addresses of etcd, such as http://10.0.0.1:2379; empty: no cluster.</summary>
    public IReadOnlyList<Uri> Endpoints { get; init; } = [];

    /// <summary>Whether this server belongs to a cluster.</summary>
    public bool IsOn => Endpoints.Count > 0;

    /// <summary>The name of the cluster: several may share one etcd.</summary>
    public string Name { get; init; } = "turnserver";

    /// <summary>How many shards a new cluster spreads its games over, unless another number is given.</summary>
    public const int GameShardsDefault = 64;

    /// <summary>
    /// How many shards a new cluster spreads its games over: a power of two up to 256, or 0 for one table; null: not
    /// given. A cluster keeps what it was made with.
    /// </summary>
    public int? GameShards { get; init; }

    /// <summary>
    /// Where the other servers reach this one, and on which port it listens for them; null: the address that
    /// this machine reaches etcd from, and <see cref="DefaultPort"/>.
    /// </summary>
    public DnsEndPoint? Advertise { get; init; }

    /// <summary>A PEM file with the authorities that may have signed etcd's certificates; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>A PEM file with the certificate that etcd is shown; null: none.</summary>
    public string? CertFile { get; init; }

    /// <summary>A PEM file with the key of <see cref="CertFile"/>; null: it is in that file.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The user of etcd; null: none.</summary>
    public string? User { get; init; }

    /// <summary>A file whose first line is the user's password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Whether the user's password leaves this machine without encryption.</summary>
    public bool SendsPasswordInClear => User is not null
        && Endpoints.Any(endpoint => endpoint.Scheme == Uri.UriSchemeHttp && !endpoint.IsLoopback);
}
