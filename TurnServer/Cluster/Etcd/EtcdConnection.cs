using System.Diagnostics;
using Grpc.Core;

namespace TurnServer.Cluster.Etcd;

/// <summary>
/// The servers of etcd. A call goes to the one that answered last; after a failure the next call goes to the next one.
/// Any thread.
/// </summary>
internal sealed class EtcdConnection : IDisposable
{
    // Between two rounds over all servers.
    private static readonly TimeSpan RoundPause = TimeSpan.FromMilliseconds(50);

    private readonly EtcdLogin _login;
    private readonly Dictionary<EtcdEndpoint, EtcdProbe> _probes;
    private int _current;
    private long _answeredAt = Stopwatch.GetTimestamp();

    /// <summary>Connects to nothing before the first call.</summary>
    /// <param name="options">Where etcd is.</param>
    /// <param name="time">For tests; null: the system's.</param>
    /// <exception cref="IOException">A file that the options name cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is no PEM file of its
    /// kind.</exception>
    public EtcdConnection(EtcdOptions options, TimeProvider? time = null)
    {
        Options = options;
        _login = new EtcdLogin(options);
        Endpoints = EtcdEndpoint.All(options);
        Appends = new EtcdAppends(this, time);
        _probes = Endpoints.ToDictionary(endpoint => endpoint, endpoint => new EtcdProbe(this, endpoint));
    }

    public EtcdOptions Options { get; }

    public IReadOnlyList<EtcdEndpoint> Endpoints { get; }

    /// <summary>The appends to all logs.</summary>
    public EtcdAppends Appends { get; }

    /// <summary>
    /// For how long etcd, as far as it can be reached from here, has answered nothing that it answers only together
    /// with its leader. A server of a cluster asks at least once a second.
    /// </summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _answeredAt));

    /// <summary>Whom the next call asks first.</summary>
    public EtcdEndpoint Current => Endpoints[Volatile.Read(ref _current)];

    /// <summary>
    /// Makes a call that changes nothing, or that may be carried out twice: at one server after the other until one
    /// answers.
    /// </summary>
    /// <param name="call">Makes it with these options.</param>
    /// <param name="stop">Gives up waiting.</param>
    /// <param name="timeout">How long each server has; null: <see cref="EtcdOptions.Timeout"/>.</param>
    /// <exception cref="LogUnavailableException">No server has answered, or one has refused.</exception>
    public async Task<T> ReadAsync<T>(Func<EtcdEndpoint, CallOptions, Task<T>> call, CancellationToken stop,
        TimeSpan? timeout = null)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var failures = new EtcdFailures(Endpoints);
        for (var count = 1; ; count++)
        {
            if (await TryAsync(Current, call, timeout ?? Options.Timeout, failures, stop) is { IsOk: true } answer)
                return Answered(answer.Value);
            var isLast = count >= Endpoints.Count && Stopwatch.GetElapsedTime(startedAt) >= Options.ReadTimeout;
            if (isLast || !EtcdError.IsTransient(failures.Last))
                throw failures.ToException();
            if (count % Endpoints.Count == 0)
                await Task.Delay(RoundPause, stop);
        }
    }

    /// <summary>
    /// Makes a call that must not be carried out twice. Only when it is certain that a server has not begun with it is
    /// the next one asked.
    /// </summary>
    /// <inheritdoc cref="ReadAsync"/>
    /// <exception cref="LogUnavailableException">Whether it is carried out is unknown.</exception>
    public async Task<T> WriteAsync<T>(Func<EtcdEndpoint, CallOptions, Task<T>> call, CancellationToken stop,
        TimeSpan? timeout = null)
    {
        var failures = new EtcdFailures(Endpoints);
        for (var count = 1; ; count++)
        {
            if (await TryAsync(Current, call, timeout ?? Options.Timeout, failures, stop) is { IsOk: true } answer)
                return Answered(answer.Value);
            if (count >= Endpoints.Count || !failures.ProveNothingDone)
                throw failures.ToException();
        }
    }

    /// <summary>Makes a call to one server, once.</summary>
    /// <exception cref="LogUnavailableException">It has not answered, or has refused.</exception>
    public async Task<T> AskAsync<T>(EtcdEndpoint endpoint, Func<EtcdEndpoint, CallOptions, Task<T>> call,
        CancellationToken stop, TimeSpan? timeout = null)
    {
        var failures = new EtcdFailures(Endpoints);
        var answer = await TryAsync(endpoint, call, timeout ?? Options.Timeout, failures, stop);
        return answer.IsOk ? answer.Value : throw failures.ToException();
    }

    /// <summary>The options of a stream to a server; ended when it has lost its leader for some seconds.</summary>
    /// <exception cref="RpcException">There is no token.</exception>
    public async Task<CallOptions> StreamOptionsAsync(EtcdEndpoint endpoint, CancellationToken stop) =>
        new(Headers(await _login.TokenAsync(endpoint, null, stop)), cancellationToken: stop);

    /// <inheritdoc cref="EtcdProbe.AskAsync"/>
    public Task ProbeAsync(EtcdEndpoint endpoint, CancellationToken stop) => _probes[endpoint].AskAsync(stop);

    /// <summary>Makes the next call go elsewhere, if it would go to this server.</summary>
    public void Leave(EtcdEndpoint endpoint)
    {
        var index = Volatile.Read(ref _current);
        if (Endpoints[index] == endpoint)
            Interlocked.CompareExchange(ref _current, (index + 1) % Endpoints.Count, index);
    }

    public void Dispose()
    {
        foreach (var endpoint in Endpoints)
            endpoint.Dispose();
        _login.Dispose();
    }

    private async Task<(bool IsOk, T Value)> TryAsync<T>(EtcdEndpoint endpoint,
        Func<EtcdEndpoint, CallOptions, Task<T>> call, TimeSpan timeout, EtcdFailures failures, CancellationToken stop)
    {
        string? refused = null;
        while (true)
        {
            string? token = null;
            var isSent = false;
            try
            {
                token = await _login.TokenAsync(endpoint, refused, stop);
                isSent = true;
                return (true, await call(endpoint, new CallOptions(Headers(token), DateTime.UtcNow + timeout, stop)));
            }
            catch (RpcException) when (stop.IsCancellationRequested)
            {
                throw new OperationCanceledException(stop);
            }
            catch (RpcException e) when (isSent && token is not null && refused is null
                && EtcdError.IsTokenRefused(e, token))
            {
                refused = token;
            }
            catch (Exception e) when (e is IOException or InvalidOperationException && !stop.IsCancellationRequested)
            {
                // The request stream of a call does not translate what its connection throws.
                failures.Add(endpoint, new RpcException(new Status(StatusCode.Unavailable, e.Message, e)), timeout,
                    provesNothingDone: false);
                Leave(endpoint);
                return (false, default!);
            }
            catch (RpcException e)
            {
                failures.Add(endpoint, e, timeout, provesNothingDone: !isSent || EtcdError.ProvesNothingDone(e));
                if (EtcdError.IsTransient(e))
                    Leave(endpoint);
                return (false, default!);
            }
        }
    }

    private T Answered<T>(T answer)
    {
        Volatile.Write(ref _answeredAt, Stopwatch.GetTimestamp());
        return answer;
    }

    private static Metadata Headers(string? token)
    {
        // A server that is cut off from the others refuses at once what it would let wait otherwise.
        var headers = new Metadata { { "hasleader", "true" } };
        if (!string.IsNullOrEmpty(token))
            headers.Add("token", token);
        return headers;
    }
}
