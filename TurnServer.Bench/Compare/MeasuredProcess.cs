using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace TurnServer.Bench.Compare;

/// <summary>A server in a child process, and what it uses.</summary>
internal sealed class MeasuredProcess : IDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HealthInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReadyPause = TimeSpan.FromMilliseconds(200);

    private readonly Process _process;

    private MeasuredProcess(Process process, int port)
    {
        Port = port;
        _process = process;
        // When this program is ended early, its children go too.
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    /// <summary>The program that runs what was built for any platform.</summary>
    public static string Dotnet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    public int Port { get; }

    /// <summary>What it has used so far.</summary>
    /// <exception cref="CompareException">It has ended.</exception>
    public ProcessUse Use => ProcessUse.Of(_process.Id) is { } use && !_process.HasExited
        ? use
        : throw Ended();

    /// <summary>Open files of it, connections among them.</summary>
    /// <exception cref="CompareException">It has ended.</exception>
    public int Descriptors
    {
        get
        {
            try
            {
                return Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;
            }
            catch (IOException)
            {
                throw Ended();
            }
        }
    }

    /// <summary>Starts a server, in a process of its own, and waits until it listens.</summary>
    /// <exception cref="CompareException">It does not.</exception>
    public static async Task<MeasuredProcess> StartAsync(string name, int port, params string[] command)
    {
        var measured = await StartAsync(name, port, new ProcessStartInfo(Dotnet, command), LookInterval);
        await Task.Delay(ReadyPause);
        return measured;
    }

    /// <summary>Starts any program, and looks this often whether it listens.</summary>
    /// <exception cref="CompareException">It does not.</exception>
    public static async Task<MeasuredProcess> StartAsync(string name, int port, ProcessStartInfo start,
        TimeSpan lookInterval)
    {
        // Another server there would be measured in this one's place.
        if (IsListening(port))
            throw new CompareException($"port {port} is taken: choose others with --port");
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        var process = Process.Start(start) ?? throw new CompareException($"{name} does not start");
        // Read, so that it never waits for the pipe; said only if it ends early.
        var said = process.StandardError.ReadToEndAsync();
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var measured = new MeasuredProcess(process, port);
        try
        {
            await measured.ListensAsync(name, said, lookInterval);
            return measured;
        }
        catch
        {
            measured.Dispose();
            throw;
        }
    }

    /// <summary>Waits until it says that it is healthy.</summary>
    /// <exception cref="CompareException">It does not.</exception>
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

        throw new CompareException($"the server on port {Port} is not healthy");
    }

    /// <summary>Ends it by SIGTERM, as a service manager does, and waits until it has ended.</summary>
    /// <exception cref="CompareException">It does not, or not well.</exception>
    public async Task StopAsync()
    {
        using var timeout = new CancellationTokenSource(StopTimeout);
        try
        {
            _ = SendSignal(_process.Id, Terminate);
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new CompareException($"the server on port {Port} does not end on SIGTERM");
        }

        if (_process.ExitCode != 0)
            throw new CompareException($"the server on port {Port} ended with {_process.ExitCode} on SIGTERM");
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task ListensAsync(string name, Task<string> said, TimeSpan lookInterval)
    {
        for (var started = Stopwatch.StartNew(); !IsListening(Port); await Task.Delay(lookInterval))
        {
            if (_process.HasExited)
                throw new CompareException($"{name} ended with {_process.ExitCode}: {await said}");
            if (started.Elapsed > StartTimeout)
                throw new CompareException($"{name} does not listen on port {Port}");
        }
    }

    private CompareException Ended() => new($"the server on port {Port} has ended");

    private void Kill(object? sender, EventArgs e) => _process.Kill();

    // Looked up, not tried: a client that connects in the instant in which an HttpListener starts makes it fail.
    private static bool IsListening(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(endPoint => endPoint.Port == port);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
