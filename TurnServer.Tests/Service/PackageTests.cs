using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>The Debian package: its contents, and that it can be installed, upgraded, removed and purged.</summary>
[Category("Slow")]
internal sealed class PackageTests
{
    private const string Settings = "/etc/default/turnserver";
    private const string Wanted = "/etc/systemd/system/multi-user.target.wants/turnserver.service";
    private const string HelperState = "/var/lib/systemd/deb-systemd-helper-enabled";
    private const string State = "/var/lib/private/turnserver";

    // Without curl: bash connects until the server listens, and then posts a registration.
    private const string Play = """
        TURNSERVER_PORT=8080 turnserver & server=$!
        i=0
        until bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null; do i=$((i + 1)); [ $i -lt 100 ]; sleep 0.1; done
        bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080
            printf "POST / HTTP/1.0\r\nContent-Length: 11\r\n\r\n0,Ann,*,*,*" >&3; cat <&3'
        kill $server; wait $server
        """;

    private readonly TempFolder _folder = new("turnserver-package-");

    private string _package = "";

    [OneTimeSetUp]
    public async Task BuildAsync()
    {
        Tool.Require("dpkg-shlibdeps", "dpkg-dev");
        _package = await BuildAsync(_folder.Path);
    }

    [OneTimeTearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task Package_contains_the_files_of_a_service_owned_by_root()
    {
        var contents = await DpkgAsync("--contents", _package);
        foreach (var file in new[]
        {
            "-rwxr-xr-x root/root .* ./usr/bin/turnserver", "-rw-r--r-- root/root .* ./etc/default/turnserver",
            "-rw-r--r-- root/root .* ./usr/lib/systemd/system/turnserver.service",
            "-rw-r--r-- root/root .* ./usr/share/man/man1/turnserver.1.gz",
            "-rw-r--r-- root/root .* ./usr/share/doc/turnserver/copyright",
            "-rw-r--r-- root/root .* ./usr/share/doc/turnserver/THIRD-PARTY-NOTICES.gz",
        })
        {
            Assert.That(contents, Does.Match($"(?m)^{file}$"));
        }

        Assert.That(contents.Split('\n').Where(line => line.Length > 0), Has.All.Contain(" root/root "));
        var tree = _folder.PathOf("tree");
        await DpkgAsync("--raw-extract", _package, tree);
        Assert.That(await File.ReadAllTextAsync(Path.Combine(tree, "DEBIAN/conffiles")), Is.EqualTo(Settings + "\n"));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(tree, "usr/lib/systemd/system/turnserver.service")),
            Does.Contain("ExecStart=/usr/bin/turnserver\n").And.Not.Contain("/opt"));
        var start = new ProcessStartInfo("md5sum", ["--check", "--quiet", "DEBIAN/md5sums"])
        {
            WorkingDirectory = tree,
        };
        Assert.That(await Tool.RunAsync(start, TestWait.Timeout), Is.EqualTo((0, "", "")));
    }

    [Test]
    public async Task Package_depends_on_the_C_library_and_OpenSSL_and_is_named_by_its_version()
    {
        Assert.That(await DpkgAsync("--field", _package, "Depends"),
            Does.Match(@"^libc6 \(>= [\d.]+\), libssl3t64 \| libssl3, "));
        Assert.That(await DpkgAsync("--field", _package, "Package"), Is.EqualTo("turnserver\n"));
        var version = (await DpkgAsync("--field", _package, "Version")).Trim();
        Assert.That(Path.GetFileName(_package), Does.StartWith($"turnserver_{version}_"));
    }

    [Test]
    public async Task Lintian_reports_no_error_and_no_warning()
    {
        var start = new ProcessStartInfo(Tool.Require("lintian"), ["--fail-on", "error,warning", _package]);
        var (exitCode, output, errors) = await Tool.RunAsync(start, TimeSpan.FromMinutes(2));
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    [Test]
    public async Task Package_is_reproducible()
    {
        var again = Directory.CreateDirectory(_folder.PathOf("again")).FullName;
        Assert.That(await File.ReadAllBytesAsync(await BuildAsync(again)),
            Is.EqualTo(await File.ReadAllBytesAsync(_package)));
    }

    [Test]
    public async Task Package_is_installed_upgraded_removed_and_purged()
    {
        await using var chroot = await Chroot.CreateAsync("init-system-helpers", "libssl3");
        File.Copy(_package, chroot.PathOf("/turnserver.deb"));
        await RefusedBesideInstallAsync(chroot);
        await InstallAsync(chroot);
        Assert.That(new FileInfo(chroot.PathOf(Wanted)).LinkTarget,
            Does.EndWith("/lib/systemd/system/turnserver.service"));
        Assert.That(await chroot.RunInsideAsync(Play), Does.Contain("HTTP/1.1 200 OK").And.Contain("0/0/"));

        await File.AppendAllTextAsync(chroot.PathOf(Settings), "TURNSERVER_PORT=8080\n");
        Directory.CreateDirectory(chroot.PathOf(State));
        await chroot.RunInsideAsync("ln -s private/turnserver /var/lib/turnserver; touch /var/lib/turnserver/games");
        await UpgradeAsync(chroot);
        Assert.That(await File.ReadAllTextAsync(chroot.PathOf(Settings)), Does.EndWith("TURNSERVER_PORT=8080\n"));

        await chroot.RunInsideAsync("apt-get remove -y -qq turnserver");
        Assert.That(await LeftAsync(chroot), Is.EqualTo(new[]
        {
            Settings, Wanted, State, $"{HelperState}/multi-user.target.wants/turnserver.service",
            $"{HelperState}/turnserver.service.dsh-also", "/var/lib/turnserver",
        }));

        await chroot.RunInsideAsync("apt-get purge -y -qq turnserver");
        Assert.That(await LeftAsync(chroot), Is.Empty);
        Assert.That(await chroot.RunInsideAsync("dpkg-query -l 'turnserver*' 2>&1 || true"),
            Does.Contain("no packages found"));
    }

    private static async Task RefusedBesideInstallAsync(Chroot chroot)
    {
        Directory.CreateDirectory(chroot.PathOf("/opt/turnserver"));
        await File.WriteAllTextAsync(chroot.PathOf("/opt/turnserver/turnserver"), "");
        Assert.That(await chroot.RunInsideAsync("dpkg -i /turnserver.deb 2>&1 || echo it failed"),
            Does.Contain("./run.sh uninstall").And.Contain("it failed"));
        Assert.That(File.Exists(chroot.PathOf("/usr/bin/turnserver")), Is.False);
        await chroot.RunInsideAsync("rm -r /opt/turnserver");
    }

    private static Task<string> InstallAsync(Chroot chroot) =>
        chroot.RunInsideAsync("apt-get install -y -qq --no-install-recommends /turnserver.deb");

    // The same files with a later version and other default settings.
    private static async Task UpgradeAsync(Chroot chroot)
    {
        await chroot.RunInsideAsync("""
            dpkg-deb -R /turnserver.deb /tree
            sed -i 's/^Version: .*/&.1/' /tree/DEBIAN/control
            echo '# one more line' >>/tree/etc/default/turnserver
            dpkg-deb --root-owner-group -Zgzip -b /tree /later.deb
            rm -r /tree
            apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold /later.deb
            """);
        Assert.That(await chroot.RunInsideAsync("dpkg-query -W turnserver"), Does.EndWith(".1\n"));
        Assert.That(File.ReadLines(chroot.PathOf(Settings) + ".dpkg-dist").Last(), Is.EqualTo("# one more line"));
        File.Delete(chroot.PathOf(Settings) + ".dpkg-dist");
    }

    // All files except dpkg's database and log.
    private static async Task<string[]> LeftAsync(Chroot chroot)
    {
        var found = await chroot.RunInsideAsync(
            "find /etc /usr /opt /var/lib -path /var/lib/dpkg -prune -o -name '*turnserver*' -print | LC_ALL=C sort");
        return found.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Builds the package into this directory; returns its path.</summary>
    internal static async Task<string> BuildAsync(string folder)
    {
        var start = new ProcessStartInfo(Repository.RunScript, ["deb", "--binary", await PublishedServer.PathAsync()])
        {
            WorkingDirectory = folder,
        };
        start.Environment["SOURCE_DATE_EPOCH"] = "1700000000";
        var (exitCode, output, errors) = await Tool.RunAsync(start, TimeSpan.FromMinutes(5));
        Assert.That(exitCode, Is.Zero, output + errors);
        return Directory.GetFiles(folder, "turnserver_*.deb").Single();
    }

    private static async Task<string> DpkgAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync("dpkg-deb", arguments);
        Assert.That(exitCode, Is.Zero, errors);
        return output;
    }
}
