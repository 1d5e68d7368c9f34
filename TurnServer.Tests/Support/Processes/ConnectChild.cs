using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary><c>turnserver connect</c> as a process of its own: bytes in, bytes out, and what it says.</summary>
internal sealed class ConnectChild : IAsyncDisposable
{
    // Where they keep what is to outlive them: not in the home of whoever runs the tests.
    private static readonly string Keeps = Path.Join(AppContext.BaseDirectory, "connects");

    private readonly ChildProcess _process;

    private ConnectChild(ChildProcess process) => _process = process;

    /// <summary>Where its input is written.</summary>
    public Stream Input => _process.Input.BaseStream;

    /// <summary>Where its output is read.</summary>
    public Stream Output => _process.OutputReader.BaseStream;

    /// <summary>What it has said so far.</summary>
    public string Errors => _process.Errors;

    /// <summary>The last line that it said, without its beginning.</summary>
    public string LastLine => Errors.TrimEnd('\n').Split('\n')[^1]["turnserver: ".Length..];

    /// <summary>The most physical memory that it ever had, in bytes.</summary>
    public long ResidentBytesPeak => (long)((_process.Usage?.PeakMegabytes ?? 0) * (1 << 20));

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

    private static ConnectChild Run(string[] words, string? folder = null) => new(ChildProcess.Start(
        new ProcessStartInfo(words[0], words[1..])
        {
            Environment = { ["XDG_RUNTIME_DIR"] = folder ?? Keeps },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            StandardErrorEncoding = Encoding.UTF8,
        },
        readsOutput: false));

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
        Assert.That(_process.Signal(signal switch
        {
            PosixSignal.SIGHUP => ChildProcess.SigHup,
            PosixSignal.SIGINT => ChildProcess.SigInt,
            _ => ChildProcess.SigTerm,
        }), Is.True, "it is there to be signalled");

    /// <summary>Waits until it has ended and all that it said has been read; returns its exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? timeout = null)
    {
        try
        {
            return await _process.ExitAsync(timeout ?? TestWait.Timeout);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The process did not end. It said: {Errors}");
            throw;
        }
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Signal(ChildProcess.SigKill);
        await _process.ExitAsync(TestWait.Timeout);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
