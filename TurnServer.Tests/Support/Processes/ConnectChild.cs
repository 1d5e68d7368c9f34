using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace TurnServer.Tests.Support;

/// <summary><c>turnserver connect</c> as a process of its own: bytes in, bytes out, and what it says.</summary>
internal sealed class ConnectChild : IAsyncDisposable
{
    // Where they keep what is to outlive them: not in the home of whoever runs the tests.
    private static readonly string Keeps = Path.Join(AppContext.BaseDirectory, "connects");

    private readonly Process _process;
    private readonly Task _errorsReader;
    private readonly StringBuilder _errors = new();

    private ConnectChild(Process process)
    {
        _process = process;
        process.Start();
        // A thread of its own: reading a pipe holds one, and the pool has few.
        _errorsReader = Task.Factory.StartNew(PumpErrors, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Where its input is written.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Where its output is read.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>What it has said so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <summary>The last line that it said, without its beginning.</summary>
    public string LastLine => Errors.TrimEnd('\n').Split('\n')[^1]["turnserver: ".Length..];

    /// <summary>The most physical memory that it ever had, in bytes.</summary>
    public long ResidentBytesPeak
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status")
                .First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
            var kibibytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return long.Parse(kibibytes, CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>A process that connects to this server under this name.</summary>
    public static ConnectChild Start(Uri url, string name, params string[] flags) =>
        Launch([url.ToString(), "--name", name, .. flags]);

    /// <summary>A process with these arguments after <c>connect</c>.</summary>
    public static ConnectChild Launch(params string[] arguments) =>
        Run([.. ServerProgram.Words, "connect", .. arguments]);

    /// <summary>As <see cref="Start"/>, with its streams redirected as a shell does it.</summary>
    public static ConnectChild StartRedirected(string redirection, Uri url, string name, params string[] flags) =>
        Run(["sh", "-c", $"exec \"$@\" {redirection}", "sh", .. ServerProgram.Words, "connect", url.ToString(),
            "--name", name, .. flags]);

    /// <summary>As <see cref="Start"/>, on a terminal; what that shows is its output.</summary>
    public static ConnectChild StartOnTerminal(Uri url, string name, params string[] flags) =>
        Run(["sh", "-c", $"exec {Tool.Require("script", "bsdutils")} -qec \"$*\" /dev/null", "sh",
            .. ServerProgram.Words, "connect", url.ToString(), "--name", name, .. flags]);

    /// <summary>As <see cref="Launch"/>, with a place of its own for what is to outlive it.</summary>
    public static ConnectChild LaunchKeeping(string folder, params string[] arguments) =>
        Run([.. ServerProgram.Words, "connect", .. arguments], folder);

    private static ConnectChild Run(string[] words, string? folder = null) => new(new Process
    {
        StartInfo = new ProcessStartInfo(words[0], words[1..])
        {
            Environment = { ["XDG_RUNTIME_DIR"] = folder ?? Keeps },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            StandardErrorEncoding = Encoding.UTF8,
        },
    });

    /// <summary>Writes its input and closes it; that it closes it first itself is no fault.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> input)
    {
        try
        {
            await Input.WriteAsync(input).AsTask().WaitAsync(TestWait.Timeout);
            await Input.DisposeAsync();
        }
        catch (IOException)
        {
            // Its end tells more.
        }
    }

    /// <summary>Its output to the end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Output.CopyToAsync(all).WaitAsync(TestWait.Timeout);
        return all.ToArray();
    }

    /// <summary>So much of its output, as text.</summary>
    public async Task<string> ReadAsync(int length)
    {
        var bytes = new byte[length];
        await Output.ReadExactlyAsync(bytes).AsTask().WaitAsync(TestWait.Timeout);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Waits until it has said this.</summary>
    public Task WaitForMessageAsync(string text) =>
        TestWait.UntilAsync(() => Errors.Contains(text, StringComparison.Ordinal), $"connect says \"{text}\"");

    /// <summary>Sends a signal, as <c>kill</c> does.</summary>
    public void Signal(PosixSignal signal) =>
        Assert.That(Kill(_process.Id, signal switch
        {
            PosixSignal.SIGHUP => 1,
            PosixSignal.SIGINT => 2,
            _ => 15,
        }), Is.Zero, "it is there to be signalled");

    /// <summary>Waits until it has ended and all that it said has been read; returns its exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? TestWait.Timeout);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
            await _errorsReader.WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The process did not end. It said: {Errors}");
        }

        return _process.ExitCode;
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();

        await _errorsReader.WaitAsync(TestWait.Timeout);
        _process.Dispose();
    }

    private void PumpErrors()
    {
        while (_process.StandardError.ReadLine() is { } line)
        {
            lock (_errors)
                _errors.Append(line).Append('\n');
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
