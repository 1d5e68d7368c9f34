namespace TurnServer.Cluster.Etcd;

/// <summary>Where etcd is, and what it is told.</summary>
internal sealed record EtcdOptions
{
    /// <summary>etcd's addresses for clients, such as http://10.0.0.1:2379, or https; at least one.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>The name of the cluster of servers: all keys begin with <c>/NAME/</c>.</summary>
    public string Name { get; init; } = "turnserver";

    /// <summary>
    /// A PEM file with the certificates of the authorities that may have signed etcd's; null: those of the system.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>A PEM file with the certificate that etcd is shown, and its chain if needed; null: none.</summary>
    public string? CertFile { get; init; }

    /// <summary>A PEM file with the key of <see cref="CertFile"/>; null: the key is in that file.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The user of etcd; null: no authentication by password.</summary>
    public string? User { get; init; }

    /// <summary>The password of <see cref="User"/>. Secret.</summary>
    public string? Password { get; init; }

    /// <summary>A file whose first line is the password, if <see cref="Password"/> is null.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>
    /// How long one server of etcd has for an answer. An append in a healthy cluster takes some milliseconds; a server
    /// that has been cut off or frozen is noticed after this long.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For how long a read goes from server to server before it fails; each is tried at least once. An election of
    /// etcd's leader takes one to two seconds.
    /// </summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The size of etcd's database, in bytes, from which on an operator should do something. etcd stops at its quota,
    /// which is 2 GiB unless it is told otherwise.
    /// </summary>
    public long SpaceAlarmBytes { get; init; } = 1L << 30;

    /// <summary>Without <see cref="Password"/>, so that no log or error message can show it.</summary>
    public override string ToString() => $"{Name} on {string.Join(',', Endpoints.Select(ShowAddress))}";

    // Not what precedes the host, which might be a password.
    private static string ShowAddress(Uri endpoint) =>
        endpoint.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}
