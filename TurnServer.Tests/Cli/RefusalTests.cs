using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>Usage errors: nothing starts, a line names the option and its value, exit code 2.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class RefusalTests
{
    private const int Usage = 2;

    // Logs are read by others.
    [TestCase("--cors-origin", "https://ann:s3cret@game.example")]
    [TestCase("http://ann:s3cret@localhost:8080/")]
    [TestCase("connect", "http://ann:s3cret@localhost:8080/", "--name", "Ann")]
    [TestCase("connect", "http://localhost/", "http://ann:s3cret@localhost/", "--name", "Ann")]
    public async Task A_user_name_or_password_in_a_URL_is_refused_and_hidden(params string[] arguments)
    {
        await using var server = ServerChild.Launch(arguments);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors + server.Output, Does.Not.Contain("s3cret"));
    }

    [TestCase("--port", "70000")]
    [TestCase("-p", "65536")]
    [TestCase("--host", "::1")]
    [TestCase("--state", "")]
    [TestCase("-v", "often")]
    public async Task A_wrong_value_is_refused(string flag, string value)
    {
        var port = Ports.Next();
        // A free port, so that a server that starts nevertheless is noticed.
        string[] flags = flag is "--port" or "-p" ? [flag, value] : ["--port", $"{port}", flag, value];
        await using var server = ServerChild.Launch(flags);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(server);
        var longName = flag switch { "-p" => "--port", "-v" => "--verbose", _ => flag };
        Assert.That(server.Errors, Does.Contain(longName).Or.Contain(flag));
        Assert.That(server.Errors, Does.Contain(value.Trim().Length == 0 ? $"{longName} '{value}': give" : value));
    }

    [TestCase("--state", "a\nb")]
    [TestCase("--state", "a\u001B[2Jb", Category = "Slow")]
    [TestCase("--host", "127.0.0.1\n", Category = "Slow")]
    [TestCase("--cors-origin", "*\r\nX: y", Category = "Slow")]
    public async Task A_value_with_control_characters_is_reported_on_one_line(string flag, string value)
    {
        await using var server = ServerChild.Launch("--port", $"{Ports.Next()}", flag, value);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(server);
        Assert.That(server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
        Assert.That(server.Errors, Does.Contain($"{flag} ").And.Not.Contain("\u001B"));
    }

    [TestCase("--name", "")]
    [TestCase("--partner", "", Category = "Slow")]
    [TestCase("--name", "a\nb", Category = "Slow")]
    [TestCase("--patience", "", Category = "Slow")]
    [TestCase("--name", "--raw")]
    [TestCase("--pool", "a\nb", Category = "Slow")]
    public async Task A_wrong_value_of_connect_is_refused(string flag, string value)
    {
        await using var connect = ServerChild.Launch("connect", "http://127.0.0.1:1/", flag, value);
        Assert.That(await connect.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(connect);
        Assert.That(connect.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
        Assert.That(connect.Errors, Does.Contain(flag));
    }

    [TestCase("--state-sync", "always")]
    public async Task An_option_for_the_state_is_refused_without_state(string flag, string value)
    {
        await using var server = ServerChild.Launch("--port", $"{Ports.Next()}", flag, value);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(server);
        Assert.That(server.Errors, Does.Contain(flag).And.Contain("--state DIR"));
    }

    [TestCase("--state: give a value; --port is the next option.", "--state", "--port", "80")]
    [TestCase("--port: give a value; --state is the next option.", "-p", "--state", "80")]
    [TestCase("--port: give a value; -v is the next option.", "--port", "-v")]
    public async Task A_missing_value_is_reported_before_what_follows_it(string error, params string[] arguments)
    {
        await using var server = ServerChild.Launch(arguments);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(server);
        Assert.That(server.Errors, Does.StartWith($"turnserver: {error}\n"));
        Assert.That(server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task An_IPv6_host_is_refused_with_a_remedy()
    {
        await using var server = ServerChild.Launch("--host", "::1");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        Assert.That(server.Errors, Does.Contain("reverse proxy"));
    }

    [TestCase("--frobnicate", "--frobnicate")]
    [TestCase("serve", "serve")]
    [TestCase("--port", "--port")]
    [TestCase("--max-wait", "--max-wait", Category = "Slow")]
    [TestCase("@/nonexistent/flags", "/nonexistent/flags")]
    [TestCase("@/tmp", "/tmp", Category = "Slow")]
    [TestCase("--trust-proxy=", "--trust-proxy=")]
    [TestCase("--verbose=", "--verbose=", Category = "Slow")]
    public async Task A_malformed_command_line_is_refused(string argument, string named)
    {
        await using var server = ServerChild.Launch(argument);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        AssertIsPlain(server);
        Assert.That(server.Errors, Does.Contain(named));
    }

    [Test]
    public async Task All_wrong_values_are_reported_at_once()
    {
        await using var server = ServerChild.Launch("--port", "70000", "--load-timeout", "x", "--keys", "even");
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(Usage));
        Assert.That(server.Errors,
            Does.Contain("--port 70000").And.Contain("--load-timeout x").And.Contain("--keys even"));
    }

    private static void AssertIsPlain(ServerChild server)
    {
        Assert.That(server.Output, Is.Empty);
        Assert.That(server.Errors, Does.Contain("--help"));
        Assert.That(server.Errors, Does.Not.Contain("   at ").And.Not.Contain("Exception"));
        Assert.That(server.Errors, Does.Not.Contain("listens on"));
    }
}
