using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using TurnServer.Cli;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>Closed or failing standard streams change neither exit codes nor games.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class StandardStreamTests
{
    private const string NullDevice = "/dev/null";
    private const string AllClosed = "<&- >&- 2>&-";
    private const string AllFull = ">/dev/full 2>/dev/full";

    private static readonly string[] Redirections =
    [
        "2>/dev/full", "2>&-", ">/dev/full", ">&-", "<&-", ">&- 2>&-", "<&- 2>&-", AllClosed, AllFull,
        "> >(true)", "> >(true) 2>&1",
    ];

    [TestCase("2>/dev/full", Category = "Slow")]
    [TestCase("2>&-", Category = "Slow")]
    [TestCase(AllClosed)]
    [TestCase("> >(true) 2>&1", Category = "Slow")]
    public async Task A_usage_error_exits_with_2(string redirection)
    {
        await AssertExitCodeAsync(redirection, 2, "--port", "70000");
        await AssertExitCodeAsync(redirection, 2, "connect", "nowhere");
    }

    [TestCase(AllFull, Category = "Slow")]
    [TestCase(AllClosed)]
    public async Task Help_and_version_exit_with_0(string redirection)
    {
        await AssertExitCodeAsync(redirection, 0, "--help");
        await AssertExitCodeAsync(redirection, 0, "--version");
        await AssertExitCodeAsync(redirection, 0, "connect", "--help");
    }

    [Category("Slow")]
    [TestCaseSource(nameof(Redirections))]
    public async Task Exit_codes_do_not_depend_on_the_streams_or_the_log_format(string redirection)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var port = Ports.Next();
        taken.Bind(new IPEndPoint(IPAddress.Any, port));
        taken.Listen();
        using var state = new StateFolder();
        var snapshot = state.PathOf("snapshot-0000000001");
        await File.WriteAllTextAsync(snapshot, "rubbish");
        foreach (var form in new[] { "text", "journal", "json" })
        {
            string[] flags = ["--log-format", form, "--port", $"{Ports.Next()}"];
            await AssertExitCodeAsync(redirection, 1, "--log-format", form, "--port", $"{port}");
            await AssertExitCodeAsync(redirection, 2, [.. flags, "--max-games", "none"]);
            await AssertExitCodeAsync(redirection, 2, [.. flags, "--frobnicate"]);
            await AssertExitCodeAsync(redirection, 11, [.. flags, "--state", snapshot]);
            await AssertExitCodeAsync(redirection, 12, [.. flags, "--state", state.Path]);
        }

        await AssertExitCodeAsync(redirection, 0, "--help");
        await AssertExitCodeAsync(redirection, 0, "--version");
        await AssertExitCodeAsync(redirection, 0, "connect", "--help");
        await AssertExitCodeAsync(redirection, 2, "connect");
    }

    [TestCase("2>/dev/full", "text")]
    [TestCase("> >(head -n 1 >/dev/null)", "text", Category = "Slow")]
    [TestCase(AllClosed, "json")]
    [TestCase(AllFull, "journal", Category = "Slow")]
    [TestCase(">&-", "text", Category = "Slow")]
    [TestCase("2>&-", "journal", Category = "Slow")]
    [TestCase("> >(true) 2>&1", "json", Category = "Slow")]
    public async Task A_server_keeps_serving(string redirection, string form)
    {
        using var state = new StateFolder();
        var port = Ports.Next();
        await using var server = Launch(redirection, port, "--port", $"{port}", "--verbose", "0.1", "--log-level",
            "trace", "--log-format", form, "--state", state.Path);
        while (!await IsHealthyAsync(port))
            Assert.That(server.HasExited, Is.False, server.Errors);
        for (var descriptor = 0; descriptor < 3; descriptor++)
        {
            var sign = descriptor == 0 ? "<&-" : descriptor == 1 ? ">&-" : "2>&-";
            if (redirection.Split(' ').Contains(sign))
                Assert.That(server.DescriptorTarget(descriptor), Is.EqualTo(NullDevice));
        }

        await using (var client = await RawHttp.ConnectAsync(port))
        {
            var key = await client.RegisterAsync("0,Ann,*,Nobody,*");
            // Long enough for several tables to be printed.
            Assert.That((await client.PostAsync($"2,*,{key},*,*", "Prefer: wait=1")).Body, Is.EqualTo("0/2/*"));
        }

        server.Signal(PosixSignal.SIGTERM);
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Errors);
        Assert.That(server.Errors, Does.Not.Contain("   at ").And.Not.Contain("Unhandled exception"));
    }

    [Test]
    public void Write_ThatFails_LosesOnlyThatMessage()
    {
        var disk = new FullAtFirst();
        using var writer = new StreamWriter(new BestEffortStream(disk)) { AutoFlush = true };
        writer.Write("lost");
        disk.IsFull = false;
        writer.Write("kept");
        Assert.That(disk.ToArray(), Is.EqualTo("kept"u8.ToArray()));
    }

    private static async Task AssertExitCodeAsync(string redirection, int exitCode, params string[] arguments)
    {
        await using var server = Launch(redirection, 0, arguments);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(exitCode), $"{string.Join(' ', arguments)} {redirection}");
        Assert.That(server.Output + server.Errors, Does.Not.Contain("   at ").And.Not.Contain("Unhandled"));
    }

    private static ServerChild Launch(string redirection, int port, params string[] arguments) =>
        ServerChild.Launch(["bash", "-c", $"exec \"$@\" {redirection}", "bash"], null, port, arguments);

    // The log, which says that it listens, may not be writable.
    private static async Task<bool> IsHealthyAsync(int port)
    {
        try
        {
            return (await RawHttp.GetHealthAsync(port)).Status == 200;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
            return false;
        }
    }

    // A disk on which space becomes available.
    private sealed class FullAtFirst : MemoryStream
    {
        public bool IsFull { get; set; } = true;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (IsFull)
                throw new IOException("No space left on device");
            base.Write(buffer);
        }
    }
}
