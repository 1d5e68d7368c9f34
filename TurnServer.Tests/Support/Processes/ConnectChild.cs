using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Bench.Processes;

namespace TurnServer.Tests.Support;

/// <summary><c>turnserver connect</c> as a child process.</summary>
internal sealed class ConnectChild : IAsyncDisposable
{
    // In place of the user's own runtime directory.
    private static readonly string DefaultRuntimeDir = Path.Join(AppContext.BaseDirectory, "connects");

    private readonly ChildProcess _process;

    private ConnectChild(ChildProcess process) => _process = process;

    /// <summary>The stream to its standard input.</summary>
    public Stream Input => _process.Input.BaseStream;

    /// <summary>The stream from its standard output.</summary>
    public Stream Output => _process.OutputReader.BaseStream;

    /// <summary>Its messages so far, on standard error.</summary>
    public string Errors => _process.Errors;

    /// <summary>The last message, without its prefix.</summary>
    public string LastLine => Errors.TrimEnd('\n').Split('\n')[^1]["turnserver: ".Length..];

    /// <summary>Peak resident set size in bytes.</summary>
    public long ResidentBytesPeak => (long)((_process.Usage?.PeakMegabytes ?? 0) * (1 << 20));

    /// <summary>Connects to a server under this name.</summary>
    public static ConnectChild Start(Uri url, string name, params string[] flags) =>
        Launch([url.ToString(), "--name", name, .. flags]);

    /// <summary>Starts <c>connect</c> with these arguments.</summary>
    public static ConnectChild Launch(params string[] arguments) =>
        Run([.. ServerProgram.Words, "connect", .. arguments]);

    /// <summary>As <see cref="Start"/>, with a shell redirection.</summary>
    public static ConnectChild StartRedirected(string redirection, Uri url, string name, params string[] flags) =>
        Run(["sh", "-c", $"exec \"$@\" {redirection}", "sh", .. ServerProgram.Words, "connect", url.ToString(),
            "--name", name, .. flags]);

    /// <summary>As <see cref="Start"/>, on a pseudo-terminal, whose contents are the output.</summary>
    public static ConnectChild StartOnTerminal(Uri url, string name, params string[] flags) =>
        Run(["sh", "-c", $"exec {Tool.Require("script", "bsdutils")} -qec \"$*\" /dev/null", "sh",
            .. ServerProgram.Words, "connect", url.ToString(), "--name", name, .. flags]);

    /// <summary>As <see cref="Launch"/>, with its own XDG_RUNTIME_DIR, where tokens are stored.</summary>
    public static ConnectChild LaunchIn(string runtimeDir, params string[] arguments) =>
        Run([.. ServerProgram.Words, "connect", .. arguments], runtimeDir);

    private static ConnectChild Run(string[] words, string? runtimeDir = null) => new(ChildProcess.Start(
        new ProcessStartInfo(words[0], words[1..])
        {
            Environment =
            {
                // A killed process would leave its diagnostics sockets in /tmp.
                ["DOTNET_EnableDiagnostics"] = "0",
                ["XDG_RUNTIME_DIR"] = runtimeDir ?? DefaultRuntimeDir,
            },
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            StandardErrorEncoding = Encoding.UTF8,
        },
        readsOutput: false));

    /// <summary>Writes its input and closes the stream; ignores that it may have closed the stream first.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> input)
    {
        try
        {
            await Input.WriteAsync(input).AsTask().WaitAsync(TestWait.Timeout);
            await Input.DisposeAsync();
        }
        catch (IOException)
        {
            // The exit code and messages tell why.
        }
    }

    /// <summary>Reads its output to the end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Output.CopyToAsync(all).WaitAsync(TestWait.Timeout);
        return all.ToArray();
    }

    /// <summary>Reads this many bytes of its output.</summary>
    public async Task<string> ReadAsync(int length)
    {
        var bytes = new byte[length];
        await Output.ReadExactlyAsync(bytes).AsTask().WaitAsync(TestWait.Timeout);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Waits until its messages contain this text.</summary>
    public Task WaitForMessageAsync(string text) =>
        TestWait.UntilAsync(() => Errors.Contains(text, StringComparison.Ordinal), $"connect says \"{text}\"");

    /// <summary>Sends a signal.</summary>
    public void Signal(PosixSignal signal) =>
        Assert.That(_process.Signal(signal), Is.True, "the process exists");

    /// <summary>Waits for the exit and the end of its messages. Returns the exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan? timeout = null)
    {
        try
        {
            return await _process.ExitAsync(timeout ?? TestWait.Timeout);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The process did not exit. Its messages: {Errors}");
            throw;
        }
    }

    /// <summary>Sends SIGKILL and waits for the exit.</summary>
    public async Task KillAsync()
    {
        _process.Signal(ChildProcess.SigKill);
        await _process.ExitAsync(TestWait.Timeout);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
