using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary><c>./run.sh install</c> and <c>uninstall</c> as root, and what they ask of systemd.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class InstallAsRootTests
{
    private static readonly string[] StartCalls =
        ["systemctl daemon-reload", "systemctl enable turnserver", "systemctl restart turnserver"];

    private static readonly string[] StopCalls = ["systemctl disable --now turnserver", "systemctl daemon-reload"];

    [Test]
    public async Task Install_starts_the_service_and_waits_until_it_is_healthy()
    {
        await using var server = await ServerChild.StartAsync();
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"#TURNSERVER_PORT=80\nTURNSERVER_PORT={server.Port}\n");
        var (exitCode, output, errors) = await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        Assert.That(SystemctlCalls(sandbox), Is.EqualTo(StartCalls));
        Assert.That(output, Does.Contain($"runs at http://127.0.0.1:{server.Port}/")
            .And.Contain("journalctl -u turnserver").And.Contain("http://127.0.0.1:9180/status"));
    }

    [TestCase("TURNSERVER_ADMIN_HOST=192.0.2.1\nTURNSERVER_ADMIN_PORT=9181", true)]
    [TestCase("TURNSERVER_ADMIN_PORT=0", false)]
    public async Task Install_says_where_the_status_page_is_by_the_settings(string settings, bool hasPage)
    {
        await using var server = await ServerChild.StartAsync();
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"TURNSERVER_PORT={server.Port}\n{settings}\n");
        var (_, output, _) = await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        Assert.That(output.Contains("http://192.0.2.1:9181/status", StringComparison.Ordinal), Is.EqualTo(hasPage));
        Assert.That(output.Contains("/status ", StringComparison.Ordinal), Is.EqualTo(hasPage));
    }

    [Test]
    public async Task Install_fails_and_shows_the_journal_when_the_service_does_not_start()
    {
        using var sandbox = new InstallSandbox();
        sandbox.Fake("systemctl", "[ \"$1\" != restart ]");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("does not start").And.Contain("the last line of the journal"));
    }

    // Waits for as long as it gives the server.
    [Test, Category("Slow")]
    public async Task Install_fails_and_shows_the_journal_when_the_service_does_not_answer()
    {
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"TURNSERVER_PORT={Ports.Next()}\n");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("does not answer").And.Contain("the last line of the journal"));
    }

    [Test]
    public async Task Uninstall_stops_the_service_first()
    {
        using var sandbox = new InstallSandbox();
        sandbox.Fake("systemctl", "[ \"$1\" != restart ]");
        await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        var before = SystemctlCalls(sandbox).Length;
        Assert.That((await sandbox.RunAsRootAsync("uninstall")).ExitCode, Is.Zero);
        Assert.That(SystemctlCalls(sandbox)[before..], Is.EqualTo(StopCalls));
        Assert.That(sandbox.Files, Is.Empty);
    }

    [Test]
    public async Task A_dry_run_shows_the_calls_and_makes_none()
    {
        using var sandbox = new InstallSandbox();
        var (exitCode, output, _) = await sandbox.RunAsRootAsync("install", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        foreach (var call in StartCalls)
            Assert.That(output, Does.Contain($"  {call}\n"));
        Assert.That(SystemctlCalls(sandbox), Is.Empty);
        Assert.That(sandbox.Files, Is.Empty);
    }

    [Test]
    public async Task A_dry_run_shows_the_steps_where_it_would_be_refused_and_says_that()
    {
        using var sandbox = new InstallSandbox();
        Directory.Delete(sandbox.Machine + "/run/systemd/system");
        var (exitCode, output, errors) = await sandbox.RunAsRootAsync("install", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain("  systemctl restart turnserver\n"));
        Assert.That(errors, Does.Contain("it would end before the first step: systemd does not run here"));
        Assert.That(sandbox.Files, Is.Empty);
    }

    [TestCase("install")]
    [TestCase("uninstall")]
    public async Task Without_systemd_it_is_refused(string verb)
    {
        using var sandbox = new InstallSandbox();
        Directory.Delete(sandbox.Machine + "/run/systemd/system");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync(verb);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("systemd does not run here").And.Contain("DESTDIR"));
    }

    [TestCase("install", "./run.sh deb tells how")]
    [TestCase("uninstall", "apt remove turnserver")]
    public async Task Beside_the_Debian_package_it_is_refused(string verb, string advice)
    {
        using var sandbox = new InstallSandbox();
        sandbox.Fake("dpkg-query", "echo installed");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync(verb);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain(advice));
        Assert.That(sandbox.Files, Is.Empty);
    }

    private static string[] SystemctlCalls(InstallSandbox sandbox) =>
        [.. sandbox.Calls.Where(call => call.StartsWith("systemctl", StringComparison.Ordinal))];
}
