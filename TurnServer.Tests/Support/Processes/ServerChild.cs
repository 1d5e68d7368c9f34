using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary>The server as a child process.</summary>
internal sealed class ServerChild : IAsyncDisposable
{
    private const int StartsMax = 5;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    // Set by the service manager of the tests, if they run under one.
    private static readonly string[] NotInherited =
        ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"];

    private readonly ChildProcess _process;

    private ServerChild(ChildProcess process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output so far.</summary>
    public string Output => _process.Output;

    /// <summary>Standard error so far: the log and error messages.</summary>
    public string Errors => _process.Errors;

    /// <summary>Resident set size in bytes.</summary>
    public long ResidentBytes => Bytes(Usage.ResidentMegabytes);

    /// <summary>Peak resident set size in bytes.</summary>
    public long PeakResidentBytes => Bytes(Usage.PeakMegabytes);

    /// <summary>CPU time used so far.</summary>
    public TimeSpan CpuTime => TimeSpan.FromSeconds(Usage.CpuSeconds);

    /// <summary>Number of open file descriptors.</summary>
    public int Descriptors => _process.Descriptors;

    /// <summary>Number of open sockets.</summary>
    public int Sockets => new DirectoryInfo($"/proc/{_process.Id}/fd").GetFileSystemInfos()
        .Count(entry => entry.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);

    /// <summary>The names of its threads, of which the kernel keeps 15 characters.</summary>
    public IReadOnlyList<string> ThreadNames =>
        [.. Directory.GetDirectories($"/proc/{_process.Id}/task").Select(task =>
            File.ReadAllText(Path.Combine(task, "comm")).TrimEnd())];

    /// <summary>What a file descriptor refers to; null if it is closed.</summary>
    public string? DescriptorTarget(int descriptor) =>
        new FileInfo($"/proc/{_process.Id}/fd/{descriptor}").LinkTarget;

    /// <summary>Starts a server on a free port and waits until it answers.</summary>
    public static Task<ServerChild> StartAsync(params string[] flags) => StartUnderAsync([], flags);

    /// <summary>As <see cref="StartAsync"/>, through a command that execs it, such as <c>prlimit</c>.</summary>
    public static Task<ServerChild> StartUnderAsync(string[] command, params string[] flags) =>
        StartProgramAsync([.. command, .. ServerProgram.Words], flags);

    /// <summary>As <see cref="StartAsync"/>, with any build of the server.</summary>
    public static async Task<ServerChild> StartProgramAsync(string[] words, params string[] flags)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = Ports.Next();
            var child = LaunchProgram([.. words, "--port", $"{port}", .. flags], null, port);
            if (await child.AnswersAsync())
                return child;
            var errors = child.Errors;
            await child.DisposeAsync();
            if (attempt == StartsMax || !errors.Contains("is taken", StringComparison.Ordinal))
                throw new InvalidOperationException($"The server did not start: {errors}");
        }
    }

    /// <summary>Starts a server that is expected to exit by itself.</summary>
    public static ServerChild Launch(params string[] flags) => Launch([], null, 0, flags);

    /// <summary>Starts a server with additional environment variables, and does not wait for it.</summary>
    public static ServerChild Launch(string[] command, IReadOnlyDictionary<string, string>? environment, int port,
        string[] flags) =>
        LaunchProgram([.. command, .. ServerProgram.Words, .. flags], environment, port);

    /// <summary>Starts any build of the server and does not wait for it.</summary>
    public static ServerChild LaunchProgram(string[] words, IReadOnlyDictionary<string, string>? environment, int port)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            StandardErrorEncoding = Encoding.UTF8,
            StandardOutputEncoding = Encoding.UTF8,
        };
        // A killed process would leave its diagnostics sockets in /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var name in NotInherited)
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ServerChild(ChildProcess.Start(start), port);
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(PosixSignal signal) =>
        Assert.That(_process.Signal(signal), Is.True, "the process exists");

    /// <summary>Sends SIGKILL and waits for the exit.</summary>
    public Task KillAsync()
    {
        Signal(ChildProcess.SigKill);
        return _process.ExitAsync(TestWait.Timeout);
    }

    /// <inheritdoc cref="ChildProcess.PauseAsync"/>
    public Task PauseAsync() => _process.PauseAsync();

    /// <inheritdoc cref="ChildProcess.Resume"/>
    public void Resume() => _process.Resume();

    /// <summary>Waits for the exit and the end of the output. Returns the exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? timeout = null)
    {
        try
        {
            return await _process.ExitAsync(timeout ?? TestWait.Timeout);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The server did not exit. Its output: {Output}{Errors}");
            throw;
        }
    }

    /// <summary>Waits until the log says that the server listens; fails the test if it exits.</summary>
    public async Task WaitUntilListeningAsync()
    {
        await TestWait.UntilAsync(() => HasExited || Listens, "it listens");
        Assert.That(HasExited, Is.False, Errors);
    }

    /// <summary>Waits until the log contains this text.</summary>
    public Task WaitForLogAsync(string text, TimeSpan? timeout = null) => TestWait.UntilAsync(
        () => Errors.Contains(text, StringComparison.Ordinal), $"the log says \"{text}\"", timeout);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private ProcessUsage Usage => _process.Usage ?? throw new InvalidOperationException("The process has ended.");

    private static long Bytes(double megabytes) => (long)(megabytes * (1 << 20));

    private async Task<bool> AnswersAsync()
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!_process.HasExited && Stopwatch.GetElapsedTime(startedAt) < TestWait.Timeout)
        {
            try
            {
                // Not before: another server may have the port, and who connects in the instant in which a listener
                // starts may never be answered (ListenerStart).
                if (Listens)
                {
                    await using var client = await RawHttp.ConnectAsync(Port);
                    if ((await client.GetAsync("GET /healthz HTTP/1.1")).Status == 200)
                        return true;
                }
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // Not yet.
            }

            await Task.Delay(PollInterval);
        }

        // Reads the reason to the end.
        if (_process.HasExited)
            await _process.ExitAsync(TestWait.Timeout);
        return false;
    }

    private bool Listens => Errors.Contains("listens on", StringComparison.Ordinal);

    private void Signal(int number) =>
        Assert.That(_process.Signal(number), Is.True, "the process exists");
}
