using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary><c>./run.sh install</c> and <c>uninstall</c> below a DESTDIR.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class InstallTests
{
    private const string Program = "/opt/turnserver/turnserver";
    private const string Shipped = "/opt/turnserver/turnserver.default";
    private const string Settings = "/etc/default/turnserver";
    private const string Unit = "/etc/systemd/system/turnserver.service";

    private static readonly string[] Installed = [Settings, Unit, Program, Shipped];
    private static readonly UnixFileMode ProgramMode = (UnixFileMode)Convert.ToInt32("755", 8);
    private static readonly UnixFileMode FileMode = (UnixFileMode)Convert.ToInt32("644", 8);

    [Test]
    public async Task Install_puts_four_files_in_place_and_can_be_repeated()
    {
        using var sandbox = new InstallSandbox();
        for (var time = 0; time < 2; time++)
        {
            var (exitCode, output, errors) = await InstallAsync(sandbox);
            Assert.That((exitCode, errors), Is.EqualTo((0, "")));
            Assert.That(output, Does.Contain("systemd is not called"));
            Assert.That(sandbox.Files, Is.EqualTo(Installed));
        }

        Assert.That(sandbox.Read(Unit), Does.Contain($"ExecStart={Program}\n"));
        Assert.That(sandbox.Read(Settings), Is.EqualTo(sandbox.Read(Shipped)));
        Assert.That(File.GetUnixFileMode(sandbox.Machine + Program), Is.EqualTo(ProgramMode));
        Assert.That(File.GetUnixFileMode(sandbox.Machine + Unit), Is.EqualTo(FileMode));
        Assert.That(sandbox.Calls, Has.None.StartsWith("systemctl"));
    }

    [Test]
    public async Task Install_replaces_a_running_program()
    {
        using var sandbox = new InstallSandbox();
        await InstallAsync(sandbox);
        // Not copied by this process: a child that another test forks meanwhile would hold the copy open for writing.
        await Tool.RunAsync("/bin/cp", "/bin/sleep", sandbox.Machine + Program);
        using var running = System.Diagnostics.Process.Start(sandbox.Machine + Program, ["60"]);
        try
        {
            Assert.That((await InstallAsync(sandbox)).ExitCode, Is.Zero);
            Assert.That(running.HasExited, Is.False);
            Assert.That(sandbox.Read(Program), Is.EqualTo(await File.ReadAllTextAsync(sandbox.Binary)));
        }
        finally
        {
            running.Kill();
        }
    }

    [Test]
    public async Task Install_keeps_edited_settings()
    {
        using var sandbox = new InstallSandbox();
        await InstallAsync(sandbox);
        sandbox.Write(Settings, "TURNSERVER_PORT=8080\n");
        Assert.That((await InstallAsync(sandbox)).Output, Does.Contain("Settings edited and kept: "));
        sandbox.Write(Shipped, "defaults of an older version\n");
        Assert.That((await InstallAsync(sandbox)).Output, Does.Contain("but the defaults have changed: diff "));
        Assert.That(sandbox.Read(Settings), Is.EqualTo("TURNSERVER_PORT=8080\n"));
    }

    [Test]
    public async Task Install_keeps_settings_that_an_uninstall_left()
    {
        using var sandbox = new InstallSandbox();
        sandbox.Write(Settings, "TURNSERVER_PORT=8080\n");
        Assert.That((await InstallAsync(sandbox)).Output, Does.Contain("Settings edited and kept: "));
        Assert.That(sandbox.Read(Settings), Is.EqualTo("TURNSERVER_PORT=8080\n"));
    }

    [Test]
    public async Task Install_replaces_settings_that_were_not_edited()
    {
        using var sandbox = new InstallSandbox();
        await InstallAsync(sandbox);
        sandbox.Write(Settings, "defaults of an older version\n");
        sandbox.Write(Shipped, "defaults of an older version\n");
        Assert.That((await InstallAsync(sandbox)).Output, Does.Contain("Settings not edited"));
        Assert.That(sandbox.Read(Settings), Is.EqualTo(sandbox.Read(Shipped)).And.Contain("#TURNSERVER_PORT=80"));
    }

    [Test]
    public async Task Uninstall_leaves_only_the_state_and_can_be_repeated()
    {
        using var sandbox = new InstallSandbox();
        await InstallAsync(sandbox);
        Directory.CreateDirectory(sandbox.Machine + "/var/lib/private/turnserver");
        sandbox.Write("/var/lib/private/turnserver/games", "");
        for (var time = 0; time < 2; time++)
        {
            var (exitCode, output, errors) = await sandbox.RunWithDestDirAsync("uninstall");
            Assert.That((exitCode, errors), Is.EqualTo((0, "")));
            Assert.That(output, Does.Contain($"rm -rf {sandbox.Machine}/var/lib/private/turnserver"));
            Assert.That(output, Does.Contain(time == 0 ? "is uninstalled" : "is not installed"));
            Assert.That(sandbox.Files, Is.EqualTo(new[] { "/var/lib/private/turnserver/games" }));
        }
    }

    [Test]
    public async Task Uninstall_without_an_installation_removes_nothing()
    {
        using var sandbox = new InstallSandbox();
        sandbox.Write(Settings, "TURNSERVER_PORT=8080\n");
        var (exitCode, output, errors) = await sandbox.RunWithDestDirAsync("uninstall");
        Assert.That((exitCode, output, errors), Is.EqualTo((0, "# The turn server is not installed\n", "")));
        Assert.That(sandbox.Files, Is.EqualTo(new[] { Settings }));
    }

    [Test]
    public async Task Uninstall_keeps_edited_settings_and_says_so()
    {
        using var sandbox = new InstallSandbox();
        await InstallAsync(sandbox);
        sandbox.Write(Settings, "TURNSERVER_PORT=8080\n");
        var (exitCode, output, _) = await sandbox.RunWithDestDirAsync("uninstall");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain($"rm {sandbox.Machine}{Settings}"));
        Assert.That(sandbox.Files, Is.EqualTo(new[] { Settings }));
    }

    [Test]
    public async Task Dry_run_prints_every_command_and_changes_nothing()
    {
        using var sandbox = new InstallSandbox();
        var (exitCode, output, _) = await sandbox.RunWithDestDirAsync("install", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain("run.sh publish "));
        foreach (var file in Installed)
            Assert.That(output, Does.Contain($"  mv -f {sandbox.Machine}{file}.new {sandbox.Machine}{file}\n"));
        Assert.That(sandbox.Files, Is.Empty);

        await InstallAsync(sandbox);
        (exitCode, output, _) = await sandbox.RunWithDestDirAsync("uninstall", "--dry-run");
        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain($"  rm -f {sandbox.Machine}{Unit}\n"));
        Assert.That(sandbox.Files, Is.EqualTo(Installed));
    }

    [TestCase("install", "--dry", 2, "unknown argument --dry")]
    [TestCase("install", "now", 2, "unknown argument now")]
    [TestCase("uninstall", "--binary", 2, "--binary is for install")]
    [TestCase("install", "--binary", 2, "takes the path of a binary")]
    public async Task A_wrong_argument_is_refused_with_the_usage(string verb, string argument, int code, string error)
    {
        using var sandbox = new InstallSandbox();
        var (exitCode, _, errors) = await sandbox.RunWithDestDirAsync(verb, argument);
        Assert.That(exitCode, Is.EqualTo(code));
        Assert.That(errors, Does.Contain(error).And.Contain("Usage: ./run.sh install"));
        Assert.That(sandbox.Files, Is.Empty);
    }

    [Test]
    public async Task A_directory_in_place_of_a_binary_is_refused()
    {
        using var sandbox = new InstallSandbox();
        var (exitCode, _, errors) = await sandbox.RunWithDestDirAsync("install", "--binary", sandbox.Machine);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("is not a binary"));
        Assert.That(sandbox.Files, Is.Empty);
    }

    private static Task<(int ExitCode, string Output, string Errors)> InstallAsync(InstallSandbox sandbox) =>
        sandbox.RunWithDestDirAsync("install", "--binary", sandbox.Binary);
}
