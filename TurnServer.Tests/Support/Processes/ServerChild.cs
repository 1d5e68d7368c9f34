using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary>The built server as a process of its own: what it prints, how it ends, what it costs.</summary>
internal sealed class ServerChild : IAsyncDisposable
{
    private const int StartsMax = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    // What a service manager that runs the tests says to them is not meant for the server.
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

    /// <summary>What it has printed on standard output so far.</summary>
    public string Output => _process.Output;

    /// <summary>What it has printed on standard error so far: the log and refusals.</summary>
    public string Errors => _process.Errors;

    /// <summary>Physical memory in use, in bytes.</summary>
    public long ResidentBytes => Bytes(Usage.ResidentMegabytes);

    /// <summary>The most physical memory that it has used so far, in bytes, as the kernel keeps it.</summary>
    public long PeakResidentBytes => Bytes(Usage.PeakMegabytes);

    /// <summary>CPU time that it has used so far.</summary>
    public TimeSpan CpuTime => TimeSpan.FromSeconds(Usage.CpuSeconds);

    /// <summary>Open file descriptors.</summary>
    public int Descriptors => _process.Descriptors;

    /// <summary>How many of them are sockets: the runtime opens others, two for each assembly, when it needs them.
    /// </summary>
    public int Sockets => new DirectoryInfo($"/proc/{_process.Id}/fd").GetFileSystemInfos()
        .Count(entry => entry.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);

    /// <summary>What stands behind a descriptor of this number; null when it is closed.</summary>
    public string? DescriptorTarget(int descriptor) =>
        new FileInfo($"/proc/{_process.Id}/fd/{descriptor}").LinkTarget;

    /// <summary>A server on a free port that answers.</summary>
    public static Task<ServerChild> StartAsync(params string[] flags) => StartUnderAsync([], flags);

    /// <summary>The same, started by another command such as <c>prlimit</c> that becomes it.</summary>
    public static Task<ServerChild> StartUnderAsync(string[] command, params string[] flags) =>
        StartProgramAsync([.. command, .. ServerProgram.Words], flags);

    /// <summary>The same, of any build of the server, by the words that start it.</summary>
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
                throw new InvalidOperationException($"The server did not come up: {errors}");
        }
    }

    /// <summary>A process that is expected to end by itself.</summary>
    public static ServerChild Launch(params string[] flags) => Launch([], null, 0, flags);

    /// <summary>A process with this environment beside ours and these arguments.</summary>
    public static ServerChild Launch(string[] command, IReadOnlyDictionary<string, string>? environment, int port,
        string[] flags) =>
        LaunchProgram([.. command, .. ServerProgram.Words, .. flags], environment, port);

    /// <summary>The same, of any build of the server, by the words that start it.</summary>
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
        foreach (var name in NotInherited)
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ServerChild(ChildProcess.Start(start), port);
    }

    /// <summary>Sends a signal, as <c>kill</c> does.</summary>
    public void Signal(PosixSignal signal) => Signal(signal switch
    {
        PosixSignal.SIGINT => ChildProcess.SigInt,
        PosixSignal.SIGTERM => ChildProcess.SigTerm,
        PosixSignal.SIGHUP => ChildProcess.SigHup,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    });

    /// <summary>Kills it where it stands, as <c>kill -9</c> does, and waits until it is gone.</summary>
    public Task KillAsync()
    {
        Signal(ChildProcess.SigKill);
        return _process.ExitAsync(TestWait.Timeout);
    }

    /// <summary>
    /// Stops it where it stands (SIGSTOP) until it is resumed. A thread runs on until the kernel has stopped it, which
    /// takes a while on a busy machine: waits until none does.
    /// </summary>
    public Task PauseAsync()
    {
        Signal(ChildProcess.SigStop);
        return TestWait.UntilAsync(() => Directory.GetDirectories($"/proc/{_process.Id}/task").All(IsStopped),
            "the process is stopped");
    }

    public void Resume() => Signal(ChildProcess.SigCont);

    /// <summary>Waits until it has ended and all that it printed has been read; returns its exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? timeout = null)
    {
        try
        {
            return await _process.ExitAsync(timeout ?? TestWait.Timeout);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The process did not end. It said: {Output}{Errors}");
            throw;
        }
    }

    /// <summary>Waits until it listens, or has ended and says why not.</summary>
    public async Task WaitUntilListeningAsync()
    {
        await TestWait.UntilAsync(() => HasExited || Listens, "it listens");
        Assert.That(HasExited, Is.False, Errors);
    }

    /// <summary>Waits until its log holds this text.</summary>
    public Task WaitForLogAsync(string text) =>
        TestWait.UntilAsync(() => Errors.Contains(text, StringComparison.Ordinal), $"the log says \"{text}\"");

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
                await using var client = await RawHttp.ConnectAsync(Port);
                // Another server may have had the port: this one's log says that it is not so.
                if ((await client.GetAsync("GET /healthz HTTP/1.1")).Status == 200 && Listens)
                    return true;
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                await Task.Delay(LookInterval);
            }
        }

        // What it said about it is read to the end.
        if (_process.HasExited)
            await _process.ExitAsync(TestWait.Timeout);
        return false;
    }

    private bool Listens => Errors.Contains("listens on", StringComparison.Ordinal);

    private void Signal(int number) =>
        Assert.That(_process.Signal(number), Is.True, "the process is there to be signalled");

    private static bool IsStopped(string thread)
    {
        try
        {
            // "ID (name) STATE …", where the name may hold anything.
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('T');
        }
        catch (IOException)
        {
            // The thread has ended meanwhile.
            return false;
        }
    }
}
