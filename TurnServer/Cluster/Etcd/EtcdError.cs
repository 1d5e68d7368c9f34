using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;

namespace TurnServer.Cluster.Etcd;

/// <summary>What an error of a call to etcd means.</summary>
internal static class EtcdError
{
    /// <summary>What to do when a user may not do what etcd permits to the role root alone.</summary>
    public const string RootRemedy = "This version of etcd permits that only to the role root: etcdctl user grant-role "
        + "USER root";

    private const string Prefix = "etcdserver: ";

    /// <summary>The error in a few words, such as "connection refused" or "no leader".</summary>
    /// <param name="e">The error.</param>
    /// <param name="timeout">The call's.</param>
    public static string Describe(RpcException e, TimeSpan timeout)
    {
        for (var cause = e.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
                return Describe(socket);
            if (cause is AuthenticationException tls)
                return $"TLS: {tls.InnerException?.Message ?? tls.Message}".TrimEnd('.');
            // etcd refuses a missing certificate when this side takes the handshake for done.
            if (cause is ObjectDisposedException { ObjectName: var name } && name == typeof(SslStream).FullName)
                return "the connection was closed; does etcd want a client certificate (--cluster-cert)?";
        }

        if (e.StatusCode == StatusCode.DeadlineExceeded)
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.##} s");
        var detail = e.Status.Detail;
        if (detail.StartsWith(Prefix, StringComparison.Ordinal))
            return detail[Prefix.Length..];
        // "Error starting gRPC call. HttpRequestException: … HttpIOException: …"
        return e.Status.DebugException is { } inner ? inner.GetBaseException().Message.TrimEnd('.') : detail;
    }

    /// <summary>Whether another server of etcd may answer, or the same one later.</summary>
    public static bool IsTransient(RpcException e) => e.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Aborted
            or StatusCode.Unknown or StatusCode.Internal => true,
        StatusCode.ResourceExhausted => !IsFull(e),
        _ => false,
    };

    /// <summary>
    /// Whether it is certain that etcd has not carried the call out and never will: no connection was made, or the
    /// server has refused it before anything else as it has no leader.
    /// </summary>
    public static bool ProvesNothingDone(RpcException e) =>
        e.Status.DebugException is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError,
        }
        || e is { StatusCode: StatusCode.Unavailable, Status.Detail: Prefix + "no leader" };

    /// <summary>Whether etcd's database has reached its quota.</summary>
    public static bool IsFull(RpcException e) => e.StatusCode == StatusCode.ResourceExhausted
        && e.Status.Detail.Contains("database space exceeded", StringComparison.Ordinal);

    /// <summary>Whether etcd does not permit the call to this user.</summary>
    public static bool IsDenied(RpcException e) => e.StatusCode == StatusCode.PermissionDenied;

    /// <summary>Whether authentication is not enabled in etcd.</summary>
    public static bool IsAuthenticationOff(RpcException e) =>
        e.Status.Detail == Prefix + "authentication is not enabled";

    /// <summary>Whether the token has to be renewed. The call has not been carried out.</summary>
    /// <param name="e">The error.</param>
    /// <param name="token">The call's; empty: none, as etcd needed none.</param>
    public static bool IsTokenRefused(RpcException e, string token) => token.Length > 0
        ? e.Status.Detail is Prefix + "invalid auth token" or Prefix + "revision of auth store is old"
        // Authentication has been enabled. With a client certificate the call was made as the user that it names.
        : e.Status.Detail == Prefix + "user name is empty" || IsDenied(e);

    private static string Describe(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset",
        SocketError.TimedOut => "connection timed out",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "unknown host",
        SocketError.HostUnreachable => "host unreachable",
        SocketError.NetworkUnreachable => "network unreachable",
        _ => e.Message,
    };
}
