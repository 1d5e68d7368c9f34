using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>Settings from the command line, the environment and files.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class SourcesTests
{
    [Test]
    public async Task An_environment_variable_sets_an_option()
    {
        await using var server = Start(new() { ["TURNSERVER_MAX_PLAYERS"] = "1234", ["TURNSERVER_MAX_GAMES"] = "" });
        await server.WaitForLogAsync("1234 players, 50000 games");
    }

    [Test]
    public async Task The_flag_wins_over_the_variable()
    {
        await using var server = Start(new() { ["TURNSERVER_MAX_PLAYERS"] = "1234", ["TURNSERVER_PORT"] = "99999" },
            "--max-players", "77");
        await server.WaitForLogAsync("77 players");
        Assert.That(server.Errors, Does.Contain($":{server.Port}/"));
    }

    [Test]
    public async Task A_wrong_variable_is_reported_by_its_name()
    {
        await using var server = Start(new() { ["TURNSERVER_MAX_WAIT"] = "2.5" });
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.Contain("TURNSERVER_MAX_WAIT=2.5").And.Not.Contain("--max-wait "));
        Assert.That(server.Errors, Does.Not.Contain("   at ").And.Not.Contain("listens on"));
    }

    [Test]
    public async Task A_service_that_does_not_start_names_its_variables_and_the_settings_file()
    {
        // Under systemd this variable holds the process id of the service.
        string[] command = ["/bin/sh", "-c", "SYSTEMD_EXEC_PID=$$ exec \"$@\"", "sh"];
        var environment = new Dictionary<string, string>
        {
            ["TURNSERVER_PORT"] = "8080",
            ["TURNSERVER_ADMIN_PORT"] = "8080",
            ["TURNSERVER_STATE_SYNC"] = "always",
        };
        await using var server = ServerChild.Launch(command, environment, 0, []);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.Contain(
            "TURNSERVER_ADMIN_PORT=8080: give a port other than that of TURNSERVER_PORT.")
            .And.Contain("TURNSERVER_STATE_SYNC requires TURNSERVER_STATE.")
            .And.Contain("The settings of the service are in /etc/default/turnserver; /"));
        Assert.That(server.Errors, Does.Not.Contain("--admin-port").And.Not.Contain("--state"));
    }

    [Test]
    public async Task An_empty_variable_counts_as_not_set()
    {
        await using var server = Start(new() { ["TURNSERVER_STATE"] = "", ["TURNSERVER_HOST"] = "" });
        await server.WaitForLogAsync("listens on http://0.0.0.0:");
        Assert.That(server.Errors, Does.Not.Contain("state"));
    }

    [TestCase("TURNSERVER_STATE", " ")]
    [TestCase("TURNSERVER_STATE", "a\nb", Category = "Slow")]
    [TestCase("TURNSERVER_ADMIN_HOST", " ", Category = "Slow")]
    public async Task A_blank_or_multiline_variable_is_reported_on_one_line(string variable, string value)
    {
        await using var server = Start(new() { [variable] = value });
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
        Assert.That(server.Errors, Does.StartWith($"turnserver: {variable}=").And.Contain("give "));
        Assert.That(server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
    }

    [TestCase("--state \"a\0b\"")]
    [TestCase("--trust-proxy=", Category = "Slow")]
    public async Task A_file_with_a_wrong_value_is_reported_on_one_line(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, text);
            await using var server = Start([], "@" + file);
            Assert.That(await server.ExitCodeAsync(), Is.EqualTo(2));
            Assert.That(server.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(2));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task A_switch_can_come_from_the_environment()
    {
        await using var server = Start(new() { ["TURNSERVER_TRUST_PROXY"] = "1" }, "--players-per-address", "1");
        await server.WaitForLogAsync("listens on");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        await client.PostAsync("0,A,*,*,*", "X-Forwarded-For: 192.0.2.1");
        Assert.That((await client.PostAsync("0,A,*,*,*", "X-Forwarded-For: 192.0.2.1")).Body, Is.EqualTo("22/*/*"));
    }

    [Test]
    public async Task A_file_contains_options_on_any_number_of_lines()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "--max-players 55\n--max-games\n44\n");
            await using var server = Start([], "@" + file);
            await server.WaitForLogAsync("55 players, 44 games");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task Timeouts_may_have_decimals()
    {
        await using var server = await ServerChild.StartAsync("--pairing-timeout", "0.5");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        var key = await client.RegisterAsync("0,Brief,*,*,*");
        // Real time, as the timeout is under test.
        await Task.Delay(TimeSpan.FromSeconds(0.8));
        Assert.That((await client.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("5/*/*"));
    }

    [Test]
    public async Task Timeouts_may_be_30_days()
    {
        await using var server = await ServerChild.StartAsync("--pairing-timeout", "2592000",
            "--long-pairing-timeout", "2592000", "--load-timeout", "2592000", "--game-timeout", "2592000",
            "--restart-grace", "0");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        var key = await client.RegisterAsync("0,Patient,*,*,*");
        Assert.That((await client.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("0/2/*"));
        Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
    }

    [Test]
    public async Task Sequential_keys_count_up_from_0()
    {
        await using var server = await ServerChild.StartAsync("--keys", "sequential");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        var keys = new[] { (await client.PostAsync("0,A,*,*,*")).Body, (await client.PostAsync("0,B,*,*,*")).Body };
        Assert.That(keys, Is.EqualTo(new[] { "0/0/0", "0/0/1" }));
    }

    private static ServerChild Start(Dictionary<string, string> environment, params string[] flags)
    {
        var port = Ports.Next();
        return ServerChild.Launch([], environment, port, ["--port", $"{port}", .. flags]);
    }
}
