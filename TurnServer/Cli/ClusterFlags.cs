using System.Globalization;
using System.Net;
using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;

namespace TurnServer.Cli;

/// <summary>The values that the flags of a cluster take.</summary>
internal static class ClusterFlags
{
    private const int NameLengthMax = 64;

    /// <summary>The client addresses of etcd, separated by commas.</summary>
    public static readonly FlagType<IReadOnlyList<Uri>> Endpoints = new("URL,URL,...", ParseEndpoints,
        endpoints => string.Join(',', endpoints.Select(uri => uri.GetLeftPart(UriPartial.Authority))));

    /// <summary>The name of a cluster, which is part of etcd's keys.</summary>
    public static readonly FlagType<string> Name = new("NAME", ParseName, name => name);

    /// <summary>How many shards share the games of a cluster.</summary>
    public static readonly FlagType<int?> Shards = new("NUMBER", ParseShards,
        shards => shards?.ToString(CultureInfo.InvariantCulture));

    /// <summary>A host and a port, or a host.</summary>
    public static readonly FlagType<DnsEndPoint?> HostAndPort = new("HOST[:PORT]", ParseHostAndPort,
        value => value is null ? "" : $"{value.Host}:{value.Port}");

    /// <summary>A file.</summary>
    public static readonly FlagType<string?> File = new("FILE", ParseFile, file => file);

    /// <summary>The name of a user of etcd.</summary>
    public static readonly FlagType<string?> User = new("NAME",
        text => text.Length > 0 ? (text, null) : (null, "the name of a user"), user => user);

    /// <summary>Checks the flags that need or exclude each other.</summary>
    public static void Check(ServeOptions options, List<string> errors)
    {
        var cluster = options.Cluster;
        if (!cluster.IsOn && cluster != new ClusterOptions { Endpoints = cluster.Endpoints })
            errors.Add("The flags of a cluster require --cluster URL,URL,...");
        if (cluster is { KeyFile: not null, CertFile: null })
            errors.Add("--cluster-key requires --cluster-cert FILE.");
        if (cluster.IsOn && cluster.Endpoints.All(endpoint => endpoint.Scheme == Uri.UriSchemeHttp))
            CheckNoTls(cluster, errors);
        if (cluster.User is null != cluster.PasswordFile is null)
            errors.Add("--cluster-user and --cluster-password-file require each other.");
        if (cluster.IsOn && options.State.Directory is not null)
        {
            errors.Add("--cluster keeps the games in etcd, and --state on this machine: give one of them. An empty "
                + "TURNSERVER_STATE= in the settings file turns off the unit's default.");
        }
    }

    // The operator would believe that the connections to etcd are encrypted and authenticated.
    private static void CheckNoTls(ClusterOptions cluster, List<string> errors)
    {
        (string Flag, string? File)[] files =
        [
            ("--cluster-ca", cluster.CaFile), ("--cluster-cert", cluster.CertFile), ("--cluster-key", cluster.KeyFile),
        ];
        var given = string.Join(", ", files.Where(entry => entry.File is not null).Select(entry => entry.Flag));
        if (given.Length > 0)
        {
            errors.Add($"{given}: of no use with the http:// addresses of --cluster, which are not encrypted. Give "
                + "https:// addresses, or no certificates.");
        }
    }

    private static (IReadOnlyList<Uri>, string?) ParseEndpoints(string text)
    {
        var endpoints = new List<Uri>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
                || uri.AbsolutePath != "/" || uri.UserInfo.Length > 0)
            {
                return ([], "etcd's client addresses, separated by commas, such as "
                    + "http://10.0.0.1:2379,http://10.0.0.2:2379,http://10.0.0.3:2379");
            }

            endpoints.Add(uri);
        }

        return endpoints.Count > 0 && endpoints.Select(uri => uri.Scheme).Distinct().Count() == 1
            ? (endpoints, null)
            : ([], "at least one address of etcd, and all of them http or all https");
    }

    private static (string, string?) ParseName(string text) =>
        text.Length is > 0 and <= NameLengthMax && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? (text, null)
            : (text, $"1 to {NameLengthMax} letters, digits, dots, hyphens or underscores");

    private static (int?, string?) ParseShards(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var shards)
        && EtcdClusterPlan.IsPossible(shards)
            ? (shards, null)
            : (null, $"a power of two up to {EtcdClusterPlan.GameShardsMax}, or 0");

    private static (DnsEndPoint?, string?) ParseHostAndPort(string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon];
        var port = ClusterOptions.DefaultPort;
        var isValid = Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4
            && (colon < 0 || (int.TryParse(text[(colon + 1)..], out port) && port is > 0 and <= IPEndPoint.MaxPort));
        return isValid
            ? (new DnsEndPoint(host, port), null)
            : (null, $"an address or name of this machine, with a port unless {ClusterOptions.DefaultPort} is wanted, "
                + "such as 10.0.0.1 or 10.0.0.1:7000");
    }

    private static (string?, string?) ParseFile(string text) =>
        string.IsNullOrWhiteSpace(text) ? (null, "the path of a file") : (text, null);
}
