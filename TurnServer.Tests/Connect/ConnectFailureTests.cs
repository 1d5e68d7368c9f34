using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Connect;

/// <summary>How <c>connect</c> fails: an exit code and a one-line message for each cause.</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ConnectFailureTests
{
    private const string Url = "http://127.0.0.1:1/";

    [TestCase("URL of the server is missing", "--name", "Ann")]
    [TestCase("--name is missing", Url)]
    [TestCase("http://localhost:8080/", "localhost:8080", "--name", "Ann")]
    [TestCase("http://", "ftp://localhost/", "--name", "Ann")]
    [TestCase("--name Ann,Bob", Url, "--name", "Ann,Bob")]
    [TestCase("--name '': give a name", Url, "--name", "")]
    [TestCase("--partner *", Url, "--name", "Ann", "--partner", "*")]
    [TestCase("--pool a,b: give a pool of 1 to 32 visible ASCII characters, no comma, no #.", Url, "--name", "Ann",
        "--pool", "a,b")]
    [TestCase("--pool a#b: give a pool", Url, "--name", "Ann", "--pool", "a#b")]
    [TestCase("--pool a b: give a pool", Url, "--name", "Ann", "--pool", "a b")]
    [TestCase("--pool '': give a pool", Url, "--name", "Ann", "--pool", "")]
    [TestCase("--pool é: give a pool", Url, "--name", "Ann", "--pool", "é")]
    [TestCase("--pool 012345678901234567890123456789012: give", Url, "--name", "Ann", "--pool",
        "012345678901234567890123456789012")]
    [TestCase("--wait-for-partner soon", Url, "--name", "Ann", "--wait-for-partner", "soon")]
    [TestCase("--patience 0", Url, "--name", "Ann", "--patience", "0")]
    [TestCase("--port", Url, "--name", "Ann", "--port", "80")]
    [TestCase("unknown option --frobnicate", "--frobnicate")]
    [TestCase("unknown option --frobnicate", Url, "--name", "Ann", "--frobnicate")]
    public async Task A_wrong_option_is_refused(string error, params string[] arguments)
    {
        await using var connect = ConnectChild.Launch(arguments);
        Assert.That(await connect.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(connect.Errors, Does.Contain(error).And.EndWith("turnserver connect --help lists the options.\n"));
    }

    [Test]
    public async Task An_option_of_the_server_before_the_command_is_refused()
    {
        await using var server = ServerChild.Launch("--port", "80", "connect", Url, "--name", "Ann");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.Contain("--port is an option of the server"));
    }

    [Test]
    public async Task Connect_has_its_own_help_and_its_options_have_no_variables()
    {
        var environment = new Dictionary<string, string> { ["TURNSERVER_NAME"] = "Ann", ["TURNSERVER_RAW"] = "x" };
        await using var help = ServerChild.Launch([], environment, 0, ["connect", "--help"]);
        Assert.That(await help.ExitCodeAsync(), Is.Zero);
        string[] words =
        [
            "URL", "--name NAME", "--partner NAME", "--pool POOL", "the same POOL: both sides",
            "[a player without --pool]", "--raw", "--no-input", "--wait-for-partner SECONDS", "[300]",
            "--patience SECONDS", "[30]", "Exit codes:", "143",
        ];
        foreach (var word in words)
            Assert.That(help.Output, Does.Contain(word));
        Assert.That(help.Output, Does.Not.Contain("--port"));
        Assert.That(help.Output.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(105));
        await using var nameless = ServerChild.Launch([], environment, 0, ["connect", Url]);
        Assert.That(await nameless.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(nameless.Errors, Does.StartWith("turnserver: --name is missing"));
    }

    [Test]
    public async Task Without_a_partner_in_time_it_exits_with_4()
    {
        await using var server = await ServerChild.StartAsync("--max-players", "1");
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--wait-for-partner", "0.5");
        await AssertEndsAsync(ann, 4, "no partner came within 0.5 s");
        // Ann has unregistered: the server has room for Bob.
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--partner", "Zoe", "--wait-for-partner", "0.5");
        await AssertEndsAsync(bob, 4, "Zoe did not come within 0.5 s");
    }

    [Test]
    public async Task With_a_pool_on_one_side_only_neither_has_a_partner()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--pool", "p", "--wait-for-partner", "2");
        await ann.WaitForMessageAsync($"waiting for a partner in the pool p at {server.Url}");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--wait-for-partner", "0.5");
        await AssertEndsAsync(bob, 4, "no partner came within 0.5 s");
        await AssertEndsAsync(ann, 4, "no partner came to the pool p within 2 s");
    }

    [Test]
    public async Task With_a_full_server_it_exits_with_8()
    {
        await using var server = await ServerChild.StartAsync("--max-players", "1");
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await ann.WaitForMessageAsync("waiting");
        await using var bob = ConnectChild.Start(server.Url, "Bob");
        await AssertEndsAsync(bob, 8, "the server refuses: the server has no room for more players; try again later");
    }

    [Test]
    public async Task With_an_unknown_host_it_exits_with_7()
    {
        await using var ann = ConnectChild.Launch("http://nobody.invalid/", "--name", "Ann");
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(7));
        Assert.That(ann.Errors, Does.Match(@"^turnserver: cannot find the host nobody\.invalid: .*; check the URL\n$"));
    }

    [TestCase("404 Not Found")]
    [TestCase("501 Not Implemented")]
    [TestCase("200 OK")]
    public async Task With_another_server_it_exits_with_7(string status)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://{listener.LocalEndpoint}/";
        await using var ann = ConnectChild.Launch(url, "--name", "Ann");
        using var connection = await listener.AcceptTcpClientAsync().WaitAsync(TestWait.Timeout);
        await connection.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello"));
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(7));
        Assert.That(ann.Errors, Is.EqualTo($"turnserver: {url}: this is not a turn server: it answers {status}, "
            + "but not like a turn server; check the URL\n"));
    }

    [Test]
    public async Task Without_a_server_it_exits_with_6()
    {
        var url = new Uri($"http://127.0.0.1:{Ports.Next()}/");
        await using var ann = ConnectChild.Start(url, "Ann", "--patience", "0.5");
        await AssertEndsAsync(ann, 6, $"{url}: the server cannot be reached: Connection refused");
        Assert.That(ann.Errors,
            Does.StartWith($"turnserver: cannot reach {url}: Connection refused; trying for 0.5 s\n"));
        Assert.That(ann.Errors.Split('\n'), Has.Length.EqualTo(3), "two lines, however many attempts");
    }

    [Test]
    public async Task With_a_killed_server_it_exits_with_6()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--patience", "1");
        await using var bob = await PairAsync(server.Url, ann);
        // Killed: a server that stops cleanly may still reply that it is busy.
        await server.KillAsync();
        await AssertEndsAsync(ann, 6, $"{server.Url}: the server cannot be reached: Connection refused");
    }

    [Test]
    public async Task A_restart_of_the_server_while_waiting_is_survived()
    {
        var port = Ports.Next();
        var url = new Uri($"http://127.0.0.1:{port}/");
        await using var ann = ConnectChild.Start(url, "Ann");
        await ann.WaitForMessageAsync($"cannot reach {url}: Connection refused; trying for 30 s");
        await using (var first = ServerChild.Launch("--port", $"{port}"))
        {
            await ann.WaitForMessageAsync("the server answers again");
            await ann.WaitForMessageAsync("waiting for a partner");
        }

        await using var second = ServerChild.Launch("--port", $"{port}");
        await ann.WaitForMessageAsync("the server has lost this registration; registering again");
        await using var bob = ConnectChild.Start(url, "Bob", "--no-input");
        await ann.WriteAsync("after all\n"u8.ToArray());
        Assert.That(Encoding.UTF8.GetString(await bob.ReadToEndAsync()), Is.EqualTo("after all\n"));
        Assert.That(await ann.ExitCodeAsync(), Is.Zero, ann.Errors);
    }

    [TestCase(PosixSignal.SIGINT, 130)]
    [TestCase(PosixSignal.SIGTERM, 143)]
    [TestCase(PosixSignal.SIGHUP, 129)]
    public async Task A_signal_ends_it_and_the_partner_is_told(PosixSignal signal, int code)
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var bob = await PairAsync(server.Url, ann);
        ann.Signal(signal);
        await AssertEndsAsync(ann, code, $"{signal}: left Bob");
        await AssertEndsAsync(bob, 5, "Ann left before the end");
    }

    [Test]
    public async Task A_signal_while_waiting_ends_the_registration()
    {
        await using var server = await ServerChild.StartAsync("--max-players", "1");
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await ann.WaitForMessageAsync("waiting");
        ann.Signal(PosixSignal.SIGINT);
        await AssertEndsAsync(ann, 130, "SIGINT: no longer waiting");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--wait-for-partner", "0.1");
        await AssertEndsAsync(bob, 4, "no partner came within 0.1 s");
    }

    [Test]
    public async Task A_partner_that_leaves_after_its_input_ended_has_left_before_the_end()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var bob = await PairAsync(server.Url, ann);
        await ann.WriteAsync(default);
        await bob.WaitForMessageAsync("Ann has no more to send");
        ann.Signal(PosixSignal.SIGTERM);
        await AssertEndsAsync(bob, 5, "Ann left before the end");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task With_raw_on_one_side_only_both_exit_with_9(bool isAnnRaw)
    {
        string[] raw = ["--raw"];
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", isAnnRaw ? raw : []);
        await ann.WaitForMessageAsync("waiting");
        await using var bob = ConnectChild.Start(server.Url, "Bob", isAnnRaw ? [] : raw);
        await AssertEndsAsync(ann, 9, isAnnRaw
            ? "Bob does not use --raw: start both sides with it, or neither"
            : "Bob uses --raw: start this side with --raw too");
        await AssertEndsAsync(bob, 9, isAnnRaw
            ? "Ann uses --raw: start this side with --raw too"
            : "Ann does not use --raw: start both sides with it, or neither");
    }

    [Test]
    public async Task With_a_broken_pipe_it_exits_with_10()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var bob = await PairAsync(server.Url, ann);
        await ann.Output.DisposeAsync();
        await bob.Input.WriteAsync("more\n"u8.ToArray());
        await bob.Input.FlushAsync();
        await AssertEndsAsync(ann, 10, "cannot write the output: Broken pipe");
        await AssertEndsAsync(bob, 5, "Ann left before the end");
    }

    [TestCase("<&-", "cannot read the input: it is closed; use --no-input")]
    [TestCase(">&-", "cannot write the output: it is closed")]
    [TestCase("<&- >&-", "cannot read the input: it is closed; use --no-input")]
    public async Task A_closed_stream_is_reported_before_waiting(string redirection, string error)
    {
        await using var ann = ConnectChild.StartRedirected(redirection, new Uri(Url), "Ann");
        Assert.That(await ann.ExitCodeAsync(), Is.EqualTo(10));
        Assert.That(ann.Errors, Is.EqualTo($"turnserver: {error}\n"));
    }

    [TestCase("1</dev/null", "cannot write the output: Bad file descriptor")]
    [TestCase("1>/dev/full", "cannot write the output: No space left on device")]
    [TestCase("</dev/null 1>/dev/full", "cannot write the output: No space left on device")]
    [TestCase("0>/dev/null", "cannot read the input: Bad file descriptor")]
    public async Task A_stream_that_fails_ends_it_with_10(string redirection, string error)
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.StartRedirected(redirection, server.Url, "Ann");
        await using var bob = ConnectChild.Start(server.Url, "Bob");
        await bob.WriteAsync("hello\n"u8.ToArray());
        await AssertEndsAsync(ann, 10, error);
        await AssertEndsAsync(bob, 5, "Ann left before the end");
    }

    [TestCase("2>&-")]
    [TestCase("2>/dev/full")]
    public async Task Data_is_passed_although_messages_cannot_be_written(string redirection)
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.StartRedirected(redirection, server.Url, "Ann");
        await using var bob = ConnectChild.Start(server.Url, "Bob");
        await ann.WriteAsync("one\n"u8.ToArray());
        await bob.WriteAsync("two\n"u8.ToArray());
        Assert.That(Encoding.UTF8.GetString(await ann.ReadToEndAsync()), Is.EqualTo("two\n"));
        Assert.That(Encoding.UTF8.GetString(await bob.ReadToEndAsync()), Is.EqualTo("one\n"));
        Assert.That(await ann.ExitCodeAsync(), Is.Zero);
        Assert.That(await bob.ExitCodeAsync(), Is.Zero, bob.Errors);
    }

    // Starts a partner and passes a line both ways.
    private static async Task<ConnectChild> PairAsync(Uri url, ConnectChild ann)
    {
        var bob = ConnectChild.Start(url, "Bob");
        foreach (var (from, to) in new[] { (ann, bob), (bob, ann) })
        {
            await from.Input.WriteAsync("hello\n"u8.ToArray());
            await from.Input.FlushAsync();
            await to.ReadAsync("hello\n".Length);
        }

        return bob;
    }

    private static async Task AssertEndsAsync(ConnectChild connect, int code, string lastMessage)
    {
        Assert.That(await connect.ExitCodeAsync(), Is.EqualTo(code), connect.Errors);
        Assert.That(connect.LastLine, Is.EqualTo(lastMessage));
        Assert.That(connect.Errors, Does.Not.Contain("   at "));
    }
}
