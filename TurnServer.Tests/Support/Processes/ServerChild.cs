using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary>The built server as a process of its own: what it prints, how it ends, what it costs.</summary>
internal sealed class ServerChild : IAsyncDisposable
{
    private const int StartsMax = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    // What a service manager that runs the tests says to them is not meant for the server.
    private static readonly string[] NotInherited =
        ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"];

    private readonly Process _process;
    private readonly Task _readers;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ServerChild(Process process, int port)
    {
        _process = process;
        Port = port;
        process.Start();
        // Threads of their own: reading a pipe holds one, and the pool has few.
        _readers = Task.WhenAll(OnThread(() => Pump(process.StandardOutput, _output)),
            OnThread(() => Pump(process.StandardError, _errors)));
    }

    public int Port { get; }

    public Uri Url => new($"http://127.0.0.1:{Port}/");

    public bool HasExited => _process.HasExited;

    /// <summary>What it has printed on standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>What it has printed on standard error so far: the log and refusals.</summary>
    public string Errors => Read(_errors);

    /// <summary>Physical memory in use, in bytes.</summary>
    public long ResidentBytes => ReadMemory("VmRSS:");

    /// <summary>The most physical memory that it has used so far, in bytes, as the kernel keeps it.</summary>
    public long PeakResidentBytes => ReadMemory("VmHWM:");

    /// <summary>CPU time that it has used so far.</summary>
    public TimeSpan CpuTime => _process.TotalProcessorTime;

    /// <summary>Open file descriptors.</summary>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

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
        return new ServerChild(new Process { StartInfo = start }, port);
    }

    /// <summary>Sends a signal, as <c>kill</c> does.</summary>
    public void Signal(PosixSignal signal) => Signal(signal switch
    {
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGHUP => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    });

    /// <summary>Kills it where it stands, as <c>kill -9</c> does, and waits until it is gone.</summary>
    public Task KillAsync()
    {
        Signal(9);
        return _process.WaitForExitAsync();
    }

    /// <summary>
    /// Stops it where it stands (SIGSTOP) until it is resumed. A thread runs on until the kernel has stopped it, which
    /// takes a while on a busy machine: waits until none does.
    /// </summary>
    public Task PauseAsync()
    {
        Signal(19);
        return TestWait.UntilAsync(() => Directory.GetDirectories($"/proc/{_process.Id}/task").All(IsStopped),
            "the process is stopped");
    }

    public void Resume() => Signal(18);

    /// <summary>Waits until it has ended and all that it printed has been read; returns its exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? timeout = null)
    {
        using var cancel = new CancellationTokenSource(timeout ?? TestWait.Timeout);
        try
        {
            await _process.WaitForExitAsync(cancel.Token);
            await _readers.WaitAsync(cancel.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The process did not end. It said: {Output}{Errors}");
        }

        return _process.ExitCode;
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

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await TestWait.ForAsync(_readers);
        _process.Dispose();
    }

    private long ReadMemory(string name)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status")
            .First(text => text.StartsWith(name, StringComparison.Ordinal));
        var kibibytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024;
    }

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
            await TestWait.ForAsync(_readers);
        return false;
    }

    private bool Listens => Errors.Contains("listens on", StringComparison.Ordinal);

    private void Signal(int number) =>
        Assert.That(Kill(_process.Id, number), Is.Zero, "the process is there to be signalled");

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

    private static Task OnThread(Action action) => Task.Factory.StartNew(action, CancellationToken.None,
        TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Pump(StreamReader from, StringBuilder to)
    {
        while (from.ReadLine() is { } line)
        {
            lock (to)
                to.Append(line).Append('\n');
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
