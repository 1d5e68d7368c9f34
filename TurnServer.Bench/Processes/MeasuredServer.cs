using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;

namespace TurnServer.Bench.Processes;

/// <summary>A server in a child process, listening, and what it uses.</summary>
internal sealed class MeasuredServer : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReadyPause = TimeSpan.FromMilliseconds(200);

    private readonly ChildProcess _process;

    private MeasuredServer(ChildProcess process, int port)
    {
        Port = port;
        _process = process;
    }

    public int Port { get; }

    public int ProcessId => _process.Id;

    /// <summary>CPU time and memory used so far.</summary>
    /// <exception cref="BenchException">The server has ended.</exception>
    public ProcessUsage Usage => _process.Usage ?? throw Ended();

    /// <summary>Open file descriptors, connections included.</summary>
    /// <exception cref="BenchException">The server has ended.</exception>
    public int Descriptors
    {
        get
        {
            try
            {
                return _process.Descriptors;
            }
            catch (IOException)
            {
                throw Ended();
            }
        }
    }

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <exception cref="BenchException">It does not start or listen, or the port is taken.</exception>
    public static async Task<MeasuredServer> StartAsync(string name, int port, ProcessStartInfo start)
    {
        var server = await StartAsync(name, port, start, PollInterval);
        await Task.Delay(ReadyPause);
        return server;
    }

    /// <summary>Starts a server whose start is measured: polls at this interval and returns as soon as it listens.
    /// </summary>
    /// <exception cref="BenchException">It does not start or listen, or the port is taken.</exception>
    public static async Task<MeasuredServer> StartAsync(string name, int port, ProcessStartInfo start,
        TimeSpan pollInterval)
    {
        // Otherwise the benchmark would measure the server that has the port.
        if (IsListening(port))
            throw new BenchException($"port {port} is taken: choose another with --port");
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        var server = new MeasuredServer(ChildProcess.Start(name, start), port);
        try
        {
            await server.ListensAsync(name, pollInterval);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Waits until <c>/healthz</c> answers 200.</summary>
    /// <exception cref="BenchException">It does not in time.</exception>
    public async Task HealthyAsync()
    {
        using var http = new HttpClient { Timeout = StartTimeout };
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < StartTimeout; await Task.Delay(HealthInterval))
        {
            if (_process.HasExited)
                throw Ended();
            try
            {
                using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/healthz"));
                if (response.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }
        }

        throw new BenchException($"the server on port {Port} is not healthy");
    }

    /// <summary>Sends SIGTERM, as a service manager does, and waits for exit code 0.</summary>
    /// <exception cref="BenchException">The server does not exit, or with another code.</exception>
    public async Task StopAsync()
    {
        int exitCode;
        try
        {
            _process.Signal(ChildProcess.SigTerm);
            exitCode = await _process.ExitAsync(StopTimeout);
        }
        catch (TimeoutException)
        {
            throw new BenchException($"the server on port {Port} does not exit on SIGTERM");
        }

        if (exitCode != 0)
            throw new BenchException($"the server on port {Port} exited with {exitCode} on SIGTERM");
    }

    /// <summary>Sends SIGKILL and waits until the process has ended.</summary>
    public void Kill() => _process.Kill();

    public void Dispose() => _process.Dispose();

    private async Task ListensAsync(string name, TimeSpan pollInterval)
    {
        for (var started = Stopwatch.StartNew(); !IsListening(Port); await Task.Delay(pollInterval))
        {
            if (_process.HasExited)
            {
                var exitCode = await _process.ExitAsync(StopTimeout);
                throw new BenchException($"{name} exited with {exitCode}: {_process.Errors}");
            }

            if (started.Elapsed > StartTimeout)
                throw new BenchException($"{name} does not listen on port {Port}");
        }
    }

    private BenchException Ended() => new($"the server on port {Port} has ended");

    // Looked up, not tried: connecting in the instant in which an HttpListener starts makes its start fail.
    private static bool IsListening(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(endPoint => endPoint.Port == port);
}
