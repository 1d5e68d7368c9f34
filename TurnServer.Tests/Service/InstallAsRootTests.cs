using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary><c>./run.sh install</c> and <c>uninstall</c> as root, and their calls of systemctl.</summary>
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
    [TestCase("TURNSERVER_ADMIN_PORT=0", false, Category = "Slow")]
    public async Task Install_prints_the_URL_of_the_status_page_from_the_settings(string settings, bool hasPage)
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

    // Takes the whole health timeout.
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
    public async Task Dry_run_prints_the_calls_and_makes_none()
    {
        using var sandbox = new InstallSandbox();
        var (exitCode, output, _) = await sandbox.RunAsRootAsync("install", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        foreach (var call in StartCalls)
            Assert.That(output, Does.Contain($"  {call}\n"));
        Assert.That(SystemctlCalls(sandbox), Is.Empty);
        Assert.That(sandbox.Files, Is.Empty);
    }

    [Test, Category("Slow")]
    public async Task Dry_run_prints_the_steps_even_where_the_command_would_be_refused()
    {
        using var sandbox = new InstallSandbox();
        Directory.Delete(sandbox.Machine + "/run/systemd/system");
        var (exitCode, output, errors) = await sandbox.RunAsRootAsync("install", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain("  systemctl restart turnserver\n"));
        Assert.That(errors, Does.Contain("without --dry-run it would stop here: systemd does not run here"));
        Assert.That(sandbox.Files, Is.Empty);
    }

    [TestCase("install")]
    [TestCase("uninstall")]
    public async Task Without_systemd_the_command_is_refused(string verb)
    {
        using var sandbox = new InstallSandbox();
        Directory.Delete(sandbox.Machine + "/run/systemd/system");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync(verb);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("systemd does not run here").And.Contain("DESTDIR"));
    }

    [TestCase("install", "upgrade it (./run.sh deb)")]
    [TestCase("uninstall", "apt remove turnserver")]
    public async Task Beside_the_Debian_package_the_command_is_refused(string verb, string advice)
    {
        using var sandbox = new InstallSandbox();
        sandbox.Fake("dpkg-query", "echo installed");
        var (exitCode, _, errors) = await sandbox.RunAsRootAsync(verb);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain(advice));
        Assert.That(sandbox.Files, Is.Empty);
    }

    [Test]
    public async Task Uninstall_beside_the_Debian_package_leaves_its_settings_and_starts_its_service()
    {
        await using var server = await ServerChild.StartAsync();
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"TURNSERVER_PORT={server.Port}\n");
        await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        var before = SystemctlCalls(sandbox).Length;
        // Both for -W, the status, and for -S, the owner of the settings file.
        sandbox.Fake("dpkg-query", "echo installed");
        var (exitCode, output, errors) = await sandbox.RunAsRootAsync("uninstall");
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("start its service").And.Not.Contain("is uninstalled"));
        Assert.That(SystemctlCalls(sandbox)[before..],
            Is.EqualTo(StopCalls.Append("systemctl enable --now turnserver")));
        Assert.That(sandbox.Files, Is.EqualTo(new[] { "/etc/default/turnserver" }));
    }

    [Test, Category("Slow")]
    public async Task Uninstall_leaves_the_settings_of_a_removed_package()
    {
        await using var server = await ServerChild.StartAsync();
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"TURNSERVER_PORT={server.Port}\n");
        await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        sandbox.Fake("dpkg-query", "[ \"$1\" = -S ] || echo config-files");
        var (exitCode, output, _) = await sandbox.RunAsRootAsync("uninstall");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain("apt purge turnserver").And.Contain("is uninstalled"));
        Assert.That(sandbox.Files, Is.EqualTo(new[] { "/etc/default/turnserver" }));
    }

    [Test]
    public async Task Install_ends_with_aligned_hints()
    {
        await using var server = await ServerChild.StartAsync();
        using var sandbox = new InstallSandbox();
        sandbox.Write("/etc/default/turnserver", $"TURNSERVER_PORT={server.Port}\n");
        var (_, output, _) = await sandbox.RunAsRootAsync("install", "--binary", sandbox.Binary);
        var hints = output.Split('\n').Where(line => line.Contains("  its ", StringComparison.Ordinal)).ToList();
        Assert.That(hints, Has.Count.EqualTo(5));
        Assert.That(hints.Select(line => line.IndexOf("its ", StringComparison.Ordinal)).Distinct(), Has.One.Items);
    }

    private static string[] SystemctlCalls(InstallSandbox sandbox) =>
        [.. sandbox.Calls.Where(call => call.StartsWith("systemctl", StringComparison.Ordinal))];
}
