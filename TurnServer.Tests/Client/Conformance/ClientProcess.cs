using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using TurnServer.Bench.Processes;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>A client's program (README.md) as a child process.</summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly Task _reading;
    private readonly Channel<string[]> _events = Channel.CreateUnbounded<string[]>();

    private ClientProcess(ChildProcess process)
    {
        _process = process;
        // On a thread of its own: it blocks on the pipe.
        _reading = Task.Factory.StartNew(ReadEvents, CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>What it has written to standard error.</summary>
    public string Errors => _process.Errors;

    /// <summary>Its events, as fields; complete when its output has ended.</summary>
    public ChannelReader<string[]> Events => _events.Reader;

    /// <summary>Starts a program.</summary>
    /// <param name="words">The command.</param>
    /// <param name="mode"><c>vectors</c> or <c>play</c>.</param>
    public static ClientProcess Start(IReadOnlyList<string> words, string mode)
    {
        var start = new ProcessStartInfo(words[0], [.. words.Skip(1), mode])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        // A killed .NET process would leave its diagnostics sockets in /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return new ClientProcess(ChildProcess.Start(start, readsOutput: false));
    }

    /// <summary>Writes a command; ignores that the program may have been killed.</summary>
    public void Write(string line)
    {
        try
        {
            lock (_process)
            {
                _process.Input.Write(line + "\n");
                _process.Input.Flush();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Its events tell that it has ended.
        }
    }

    /// <summary>Writes a command and waits for the next event.</summary>
    public async Task<string[]> AskAsync(string line)
    {
        Write(line);
        return await NextAsync();
    }

    /// <summary>Waits for the next event; fails the test if the program ends.</summary>
    public async Task<string[]> NextAsync()
    {
        using var timeout = new CancellationTokenSource(TestWait.Timeout);
        try
        {
            return await Events.ReadAsync(timeout.Token);
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            Assert.Fail($"The program {(timeout.IsCancellationRequested ? "is silent" : "has ended")}. {Errors}");
            throw;
        }
    }

    /// <summary>Closes its input; it must exit with 0.</summary>
    public async Task CloseAsync()
    {
        CloseInput();
        Assert.That(await _process.ExitAsync(TestWait.Timeout), Is.Zero, Errors);
    }

    /// <summary>Sends SIGKILL and waits until all that it has printed is among the events.</summary>
    public async Task KillAsync()
    {
        _process.Signal(ChildProcess.SigKill);
        // Programs that it had started to read its input would keep its output open.
        CloseInput();
        await _process.ExitAsync(TestWait.Timeout);
        await TestWait.ForAsync(_reading);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await TestWait.ForAsync(_reading);
    }

    private void CloseInput()
    {
        try
        {
            lock (_process)
                _process.Input.Close();
        }
        catch (IOException)
        {
            // What it had not read yet is lost with it.
        }
    }

    private void ReadEvents()
    {
        try
        {
            // A line that a kill has cut off is none.
            var rest = "";
            var buffer = new char[65_536];
            for (int length; (length = _process.OutputReader.Read(buffer, 0, buffer.Length)) > 0;)
            {
                var lines = (rest + new string(buffer, 0, length)).Split('\n');
                foreach (var line in lines[..^1])
                    _events.Writer.TryWrite(ProgramLine.Parse(line));
                rest = lines[^1];
            }
        }
        finally
        {
            _events.Writer.Complete();
        }
    }
}
