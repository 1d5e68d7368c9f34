using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace TurnServer.Bench.Processes;

/// <summary>A child process: what it prints, what it uses, signals to it, and its end. Disposing kills it.</summary>
/// <remarks>Tests and benchmarks start every long-lived process through this class.</remarks>
internal sealed class ChildProcess : IAsyncDisposable, IDisposable
{
    public const int SigHup = 1;
    public const int SigInt = 2;
    public const int SigKill = 9;
    public const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PauseTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PausePollInterval = TimeSpan.FromMilliseconds(1);

    private readonly Process _process;
    private readonly Task _readers;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ChildProcess(Process process, bool readsOutput)
    {
        _process = process;
        Id = process.Id;
        _readers = Task.WhenAll(
            PumpAsync(readsOutput && process.StartInfo.RedirectStandardOutput ? process.StandardOutput : null, _output),
            PumpAsync(process.StartInfo.RedirectStandardError ? process.StandardError : null, _errors));
        // No child outlives this program.
        AppDomain.CurrentDomain.ProcessExit += KillAtExit;
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Complete lines read from standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>Complete lines read from standard error so far.</summary>
    public string Errors => Read(_errors);

    /// <summary>Standard input; must be redirected.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>Standard output, for a child that was started with <c>readsOutput: false</c>.</summary>
    public StreamReader OutputReader => _process.StandardOutput;

    /// <summary>CPU time and memory used so far; null when the process has ended.</summary>
    public ProcessUsage? Usage => _process.HasExited ? null : ProcessUsage.Of(Id);

    /// <summary>Number of open file descriptors.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{Id}/fd").Length;

    /// <summary>Starts a process and reads those of its output streams that are redirected.</summary>
    /// <param name="start">The program, its arguments and environment, and which streams to redirect.</param>
    /// <param name="readsOutput">False leaves standard output to the caller: <see cref="OutputReader"/>.</param>
    /// <exception cref="Win32Exception">The program cannot be started.</exception>
    public static ChildProcess Start(ProcessStartInfo start, bool readsOutput = true) =>
        new(Process.Start(start)!, readsOutput);

    /// <summary>As the other, for a program that may not be installed.</summary>
    /// <exception cref="BenchException">The program cannot be started; the message has this name.</exception>
    public static ChildProcess Start(string name, ProcessStartInfo start)
    {
        try
        {
            return Start(start);
        }
        catch (Win32Exception e)
        {
            throw new BenchException($"{name} does not start: {e.Message}");
        }
    }

    /// <summary>Sends one of the signals that a server handles: SIGHUP, SIGINT or SIGTERM.</summary>
    /// <returns>False when there is no such process any more.</returns>
    public bool Signal(PosixSignal signal) => Signal(signal switch
    {
        PosixSignal.SIGHUP => SigHup,
        PosixSignal.SIGINT => SigInt,
        PosixSignal.SIGTERM => SigTerm,
        _ => throw new ArgumentOutOfRangeException(nameof(signal)),
    });

    /// <summary>Sends a signal by its number.</summary>
    /// <returns>False when there is no such process any more.</returns>
    public bool Signal(int number) => SendSignal(Id, number) == 0;

    /// <summary>Waits until the process has ended and all its output has been read.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">The process did not end in time.</exception>
    public async Task<int> ExitAsync(TimeSpan timeout)
    {
        await Task.WhenAll(_process.WaitForExitAsync(), _readers).WaitAsync(timeout);
        return _process.ExitCode;
    }

    /// <summary>
    /// Suspends the process (SIGSTOP) until <see cref="Resume"/>, and waits until all its threads have stopped. On a
    /// busy machine that takes tens of milliseconds, in which a server can still answer.
    /// </summary>
    /// <exception cref="TimeoutException">The threads have not stopped within 60 s.</exception>
    public async Task PauseAsync()
    {
        Signal(SigStop);
        var startedAt = Stopwatch.GetTimestamp();
        while (!Directory.GetDirectories($"/proc/{Id}/task").All(IsStopped))
        {
            if (Stopwatch.GetElapsedTime(startedAt) > PauseTimeout)
                throw new TimeoutException($"process {Id} did not stop within {PauseTimeout.TotalSeconds:0} s");
            await Task.Delay(PausePollInterval);
        }
    }

    /// <summary>Lets a suspended process go on (SIGCONT).</summary>
    public void Resume() => Signal(SigCont);

    /// <summary>Sends SIGKILL to this process alone and waits until it has ended.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Kills the process and its descendants, and waits until its output has been read.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await Task.WhenAll(_process.WaitForExitAsync(), _readers).WaitAsync(DisposeTimeout);
        Release();
    }

    /// <summary>Kills the process and its descendants.</summary>
    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        Release();
    }

    private void Release()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAtExit;
        _process.Dispose();
    }

    private void KillAtExit(object? sender, EventArgs e) => _process.Kill(entireProcessTree: true);

    // On a dedicated thread: a reader blocks on its pipe, and the thread pool has few threads.
    private static Task PumpAsync(StreamReader? from, StringBuilder to) => from is null
        ? Task.CompletedTask
        : Task.Factory.StartNew(() => Pump(from, to), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static void Pump(StreamReader from, StringBuilder to)
    {
        while (from.ReadLine() is { } line)
        {
            lock (to)
                to.Append(line).Append('\n');
        }
    }

    private static bool IsStopped(string thread)
    {
        try
        {
            // "ID (name) STATE …"; the name may contain anything.
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].StartsWith('T');
        }
        catch (IOException)
        {
            // The thread has exited.
            return false;
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
