using Etcdserverpb;
using Grpc.Core;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The token that etcd gives for a user's password. It is good at every server of etcd, until that server is started
/// again, the token has not been used for five minutes, or users have been changed. While authentication is not
/// enabled in etcd there is no token, and none is needed.
/// </summary>
internal sealed class EtcdLogin : IDisposable
{
    // etcd spends a tenth of a second or more on a password.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly AuthenticateRequest? _request;
    private readonly SemaphoreSlim _isRenewing = new(1);
    // Empty: etcd needs none.
    private volatile string? _token;

    /// <exception cref="IOException">The file of the password cannot be read.</exception>
    public EtcdLogin(EtcdOptions options)
    {
        if (options.User is null)
            return;
        var password = options.Password
            ?? (options.PasswordFile is { } file ? File.ReadLines(file).FirstOrDefault() : null);
        _request = new AuthenticateRequest { Name = options.User, Password = password ?? "" };
    }

    /// <summary>The token; empty if etcd needs none, null if there is no user.</summary>
    /// <param name="endpoint">Whom to ask if there is none yet.</param>
    /// <param name="refused">A token that etcd no longer accepts, empty if it needs one now; null: none.</param>
    /// <param name="stop">Gives up waiting.</param>
    /// <exception cref="RpcException">etcd does not answer, or does not know the user or the password.</exception>
    public async ValueTask<string?> TokenAsync(EtcdEndpoint endpoint, string? refused, CancellationToken stop)
    {
        if (_request is null || (_token is { } known && known != refused))
            return _token;
        await _isRenewing.WaitAsync(stop);
        try
        {
            // Another call may have renewed it meanwhile.
            if (_token is { } renewed && renewed != refused)
                return renewed;
            return _token = await AskAsync(_request, endpoint, stop);
        }
        finally
        {
            _isRenewing.Release();
        }
    }

    public void Dispose() => _isRenewing.Dispose();

    private static async Task<string> AskAsync(AuthenticateRequest request, EtcdEndpoint endpoint,
        CancellationToken stop)
    {
        try
        {
            var options = new CallOptions(deadline: DateTime.UtcNow + Timeout, cancellationToken: stop);
            return (await endpoint.Auth.AuthenticateAsync(request, options)).Token;
        }
        catch (RpcException e) when (EtcdError.IsAuthenticationOff(e))
        {
            return "";
        }
    }
}
