using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>The built server as a child process on a free port of 127.0.0.1, ended when disposed of.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int PortMin = 20_000;
    private const int PortEnd = 30_000;
    private const int AttemptsMax = 5;
    private const int CannotListen = 1;
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];

    private ServerProcess(int port, IEnumerable<string> flags)
    {
        Port = port;
        Url = new Uri($"http://127.0.0.1:{port}/");
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(Path.Combine(TestContext.CurrentContext.TestDirectory, "turnserver.dll"));
        foreach (var word in (IEnumerable<string>)["--host", "127.0.0.1", "--port", $"{port}", .. flags])
            start.ArgumentList.Add(word);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>The lines that it has written to its standard output so far.</summary>
    public IReadOnlyList<string> Output => Copy(_output);

    /// <summary>The lines that it has written to its standard error so far.</summary>
    public IReadOnlyList<string> Errors => Copy(_errors);

    /// <summary>Null while it runs.</summary>
    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>Starts a server with these flags and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(params string[] flags)
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = new ServerProcess(FreePort(), flags);
            if (await server.AnswersAsync())
                return server;
            var isPortTaken = server.ExitCode == CannotListen;
            var said = string.Join('\n', [.. server.Output, .. server.Errors]);
            server.Dispose();
            if (!isPortTaken || attempt == AttemptsMax)
                throw new InvalidOperationException($"The server did not start. It said:\n{said}");
        }
    }

    /// <summary>Waits until it has ended; its exit code, or null when it does not end in time.</summary>
    public async Task<int?> WaitForEndAsync(TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit(EndMax);
        _process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }, disposeHandler: true)
        {
            Timeout = TimeSpan.FromSeconds(2),
        };
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < StartMax && !_process.HasExited)
        {
            try
            {
                if (await client.GetStringAsync(new Uri(Url, "healthz")) == "ok")
                    return true;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Not yet.
            }

            await Task.Delay(LookInterval);
        }

        return false;
    }

    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(PortMin, PortEnd);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }

    private static void Keep(List<string> lines, string? line)
    {
        if (line is null)
            return;
        lock (lines)
            lines.Add(line);
    }

    private static string[] Copy(List<string> lines)
    {
        lock (lines)
            return [.. lines];
    }
}
