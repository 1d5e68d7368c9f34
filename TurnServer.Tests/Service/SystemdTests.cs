using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary>
/// The Debian package under a real systemd: one game is played through restarts, crashes and an upgrade until the
/// package is purged.
/// </summary>
[Category("Slow"), NonParallelizable]
internal sealed class SystemdTests
{
    private const double ExposureMax = 1.5;
    private const string Settings = "/etc/default/turnserver";
    private const string State = "/var/lib/private/turnserver";

    // The watchdog takes 30 s to notice a frozen server.
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromSeconds(90);

    private static readonly (string White, string Black)[] Moves =
    [
        ("d2-d4", "g8-f6"), ("c2-c4", "e7-e6"), ("b1-c3", "f8-b4"), ("d1-c2", "e8-g8"), ("a2-a3", "b4-c3"),
        ("c2-c3", "b7-b6"), ("c1-g5", "c8-b7"),
    ];

    private readonly TempFolder _folder = new("turnserver-systemd-");

    private string _package = "";
    private SystemdMachine _machine = null!;
    private string _white = "";
    private string _black = "";
    private int _moves;

    [OneTimeSetUp]
    public async Task BootAsync()
    {
        Tool.Require("dpkg-shlibdeps", "dpkg-dev");
        _package = await PackageTests.BuildAsync(_folder.Path);
        _machine = await SystemdMachine.BootAsync(_package);
        _package = "/" + Path.GetFileName(_package);
    }

    [OneTimeTearDown]
    public async Task ShutDownAsync()
    {
        if (_machine is not null)
            await _machine.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task A_game_survives_everything_that_happens_to_the_service_until_it_is_purged()
    {
        await InstallAsync();
        await AssertHardenedAsync();
        // On a busy machine the players may be silent for longer than the default allows.
        await _machine.RunAsync($"echo TURNSERVER_GAME_TIMEOUT=600 >>{Settings}; systemctl restart turnserver");
        await StartGameAsync();
        await PlayMoveAsync();
        await RestartsAsync("systemctl restart turnserver");
        await RestartsAsync($"kill -KILL {await PidAsync()}");
        // The watchdog ends a frozen server.
        await RestartsAsync($"kill -STOP {await PidAsync()}");
        Assert.That(await _machine.RunAsync("systemctl show -p NRestarts --value turnserver"), Is.EqualTo("2"));
        await RestartsAsync($"apt-get install -y -qq --no-install-recommends --reinstall {_package}");
        await RejectWrongSettingAsync();
        await PlayMoveAsync();
        await RemoveAsync();
        await InstallAsync();
        await PlayMoveAsync();
        await PurgeAsync();
    }

    private async Task InstallAsync()
    {
        await _machine.RunAsync($"apt-get install -y -qq --no-install-recommends {_package}");
        Assert.That(await _machine.RunAsync("systemctl is-active turnserver"), Is.EqualTo("active"));
        Assert.That(await _machine.RunAsync("systemctl is-enabled turnserver"), Is.EqualTo("enabled"));
        Assert.That(await _machine.RunAsync("curl -s http://127.0.0.1/healthz"), Is.EqualTo("ok"));
    }

    private async Task AssertHardenedAsync()
    {
        var status = await _machine.RunAsync($"cat /proc/{await PidAsync()}/status");
        // Bit 10 is CAP_NET_BIND_SERVICE; mode 2 is a filter.
        Assert.That(status, Does.Match(@"CapEff:\t0{13}400\n").And.Match(@"\nSeccomp:\t2\n")
            .And.Match(@"NoNewPrivs:\t1\n"));
        var analysis = await _machine.RunAsync("systemd-analyze security --no-pager turnserver");
        var exposure = Regex.Match(analysis, @"Overall exposure level for turnserver\.service: ([\d.]+) ");
        Assert.That(double.Parse(exposure.Groups[1].Value, CultureInfo.InvariantCulture),
            Is.LessThanOrEqualTo(ExposureMax), analysis);
        Assert.That(await _machine.RunAsync("systemd-analyze verify turnserver.service"), Is.Empty);
    }

    // Register, meet, load, start.
    private async Task StartGameAsync()
    {
        _white = KeyOf(await PostAsync("0,White,*,Black,*"));
        _black = KeyOf(await PostAsync("0,Black,*,White,*"));
        foreach (var symbol in new[] { 2, 3, 4 })
        {
            await PostAsync($"{symbol},*,{_black},*,*");
            await PostAsync($"{symbol},*,{_white},*,*");
        }

        _white = KeyOf(await PostAsync($"4,*,{_white},*,*")).Replace('|', ',');
        _black = KeyOf(await PostAsync($"4,*,{_black},*,*")).Replace('|', ',');
    }

    // White's reply holds Black's last move, and Black's the move just made.
    private async Task PlayMoveAsync()
    {
        var (white, black) = Moves[_moves];
        Assert.That(await PostAsync($"6,{white},{_white},{_moves}"),
            Is.EqualTo(_moves == 0 ? "0/10/*" : $"0/9/{Moves[_moves - 1].Black}"));
        Assert.That(await PostAsync($"6,{black},{_black},{_moves}"), Is.EqualTo($"0/9/{white}"));
        _moves++;
    }

    private async Task RestartsAsync(string command)
    {
        var before = await PidAsync();
        await _machine.RunAsync(command);
        var startedAt = Stopwatch.GetTimestamp();
        while (!await IsUpAgainAsync(before))
        {
            Assert.That(Stopwatch.GetElapsedTime(startedAt), Is.LessThan(RestartTimeout), $"restart after {command}");
            await Task.Delay(100);
        }

        await PlayMoveAsync();
    }

    private async Task<bool> IsUpAgainAsync(string pidBefore) => await PidAsync() is var pid && pid != "0"
        && pid != pidBefore && (await _machine.TryRunAsync("curl -s -m 2 http://127.0.0.1/healthz")).Output == "ok";

    private async Task RejectWrongSettingAsync()
    {
        await _machine.RunAsync($"cp {Settings} /tmp/settings; echo TURNSERVER_PORT=eighty >>{Settings}");
        Assert.That((await _machine.TryRunAsync("systemctl restart turnserver")).ExitCode, Is.Not.Zero);
        Assert.That(await _machine.RunAsync("systemctl show -p ActiveState -p ExecMainStatus turnserver"),
            Does.Contain("ActiveState=failed").And.Contain("ExecMainStatus=2"));
        Assert.That(await _machine.RunAsync("journalctl -u turnserver -p err -o cat --no-pager"),
            Does.Contain("PORT=eighty"));
        await _machine.RunAsync($"cp /tmp/settings {Settings}; systemctl restart turnserver");
    }

    private async Task RemoveAsync()
    {
        await _machine.RunAsync("apt-get remove -y -qq turnserver");
        Assert.That((await _machine.TryRunAsync("systemctl is-active turnserver")).Output, Is.EqualTo("inactive"));
        await _machine.RunAsync($"test -e {Settings} -a -d {State}");
    }

    private async Task PurgeAsync()
    {
        await _machine.RunAsync("apt-get purge -y -qq turnserver");
        Assert.That(await _machine.RunAsync(
            $"find / -xdev -iname '*turnserver*' -not -path {_package} -not -path '/proc/*'"), Is.Empty);
    }

    private Task<string> PidAsync() => _machine.RunAsync("systemctl show -p MainPID --value turnserver");

    private Task<string> PostAsync(string body) => _machine.RunAsync($"curl -s -m 20 -d '{body}' http://127.0.0.1/");

    private static string KeyOf(string reply) => reply[(reply.LastIndexOf('/') + 1)..];
}
