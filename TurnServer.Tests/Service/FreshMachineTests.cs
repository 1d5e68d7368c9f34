using TurnServer.Tests.Support;

namespace TurnServer.Tests.Service;

/// <summary><c>./run.sh</c> on a machine without .NET: where the SDK comes from.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FreshMachineTests
{
    private const string Url = "https://mirror.example/dotnet-install.sh";

    [Test]
    public async Task Without_a_package_the_SDK_comes_from_dotnet_install_and_is_found_again()
    {
        using var machine = new FreshMachine();
        var (exitCode, _, errors) = await machine.RunAsync(machine.InstallScript, "--port", "8080");
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("about 230 MB from builds.dotnet.microsoft.com")
            .And.Contain($"into {machine.OwnSdk} with Microsoft's dotnet-install.sh ({machine.InstallScript})"));
        var calls = machine.TakeCalls();
        Assert.That(calls, Has.One.EqualTo(
            $"dotnet-install.sh --channel 10.0 --install-dir {machine.OwnSdk} --no-path"));
        Assert.That(calls, Has.One.Match("^dotnet build /.*/TurnServer -c Release "));
        Assert.That(calls[^1], Does.Match(@"^dotnet /.*/turnserver\.dll --port 8080 \[invariant 1, script \]$"));
        Assert.That(calls, Has.None.StartsWith("apt-get"));

        Assert.That((await machine.RunAsync(Url, "serve", "--port", "8081")).ExitCode, Is.Zero);
        Assert.That(machine.TakeCalls().Where(call => !call.StartsWith("apt", StringComparison.Ordinal)),
            Has.One.Items.And.All.Match(@"turnserver\.dll --port 8081 \["));
    }

    [TestCase("curl", "curl --proto =https --proto-redir =https -fsSL -o ")]
    [TestCase("wget", "wget -q -O ")]
    public async Task A_script_from_a_URL_is_downloaded_first(string downloader, string call)
    {
        using var machine = new FreshMachine();
        // Both name the file before the URL.
        machine.Stub(downloader, $"cp '{machine.InstallScript}' \"${{@: -2:1}}\"");
        var (exitCode, _, errors) = await machine.RunAsync(Url);
        Assert.That(exitCode, Is.Zero, errors);
        var calls = machine.TakeCalls();
        var download = calls.Single(line => line.StartsWith(call, StringComparison.Ordinal));
        Assert.That(download, Does.EndWith($" {Url}"));
        Assert.That(calls[^1], Does.Contain("/turnserver.dll"));
        Assert.That(File.Exists(download.Split(' ')[^2]), Is.False, "the downloaded script is removed");
    }

    [TestCase("http://mirror.example/dotnet-install.sh", "an https:// URL, not http://mirror.example/")]
    [TestCase("/no/such/file", "there is no file /no/such/file")]
    [TestCase(Url, "so are curl and wget")]
    public async Task A_script_that_cannot_be_had_is_refused(string script, string error)
    {
        using var machine = new FreshMachine();
        var (exitCode, _, errors) = await machine.RunAsync(script);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain(error));
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
    }

    [TestCase("exit 1", "dotnet-install.sh failed")]
    [TestCase("exit 0", "dotnet-install.sh left no .NET 10.0 SDK in ")]
    public async Task A_script_that_installs_nothing_is_reported(string body, string error)
    {
        using var machine = new FreshMachine();
        machine.Stub("dotnet-install.sh", body);
        var (exitCode, _, errors) = await machine.RunAsync(machine.InstallScript);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain(error));
    }

    [Test]
    public async Task A_failed_download_is_reported()
    {
        using var machine = new FreshMachine();
        machine.Stub("curl", "exit 22");
        var (exitCode, _, errors) = await machine.RunAsync(Url);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(errors, Does.Contain($"cannot download {Url}"));
    }

    [Test]
    public async Task The_package_of_the_distribution_comes_first()
    {
        using var machine = new FreshMachine();
        machine.Stub("apt-cache", "echo '  Candidate: 10.0.100-0ubuntu1'");
        machine.Stub("apt-get", machine.InstallsPackage);
        var (exitCode, _, errors) = await machine.RunAsync(machine.InstallScript);
        Assert.That(exitCode, Is.Zero, errors);
        var calls = machine.TakeCalls();
        Assert.That(calls, Has.One.EqualTo("apt-get install -y -qq dotnet-sdk-10.0"));
        Assert.That(calls, Has.None.StartsWith("dotnet-install.sh"));
        Assert.That(calls[^1], Does.Contain("/turnserver.dll"));
    }

    [Test]
    public async Task Missing_package_lists_are_fetched_once()
    {
        using var machine = new FreshMachine();
        machine.RemoveLists();
        Assert.That((await machine.RunAsync(machine.InstallScript)).ExitCode, Is.Zero);
        var calls = machine.TakeCalls();
        Assert.That(calls, Has.One.EqualTo("apt-get update -qq"));
        Assert.That(calls, Has.One.StartsWith("dotnet-install.sh"));
    }

    [Test]
    public async Task A_package_that_fails_to_install_is_tried_with_new_lists_and_shows_why()
    {
        using var machine = new FreshMachine();
        machine.Stub("apt-cache", "echo '  Candidate: 10.0.100-0ubuntu1'");
        machine.Stub("apt-get", "[[ $1 != install ]] || { echo 'E: held packages'; exit 100; }");
        var (exitCode, _, errors) = await machine.RunAsync(machine.InstallScript);
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("E: held packages"));
        Assert.That(machine.TakeCalls().Where(call => call.StartsWith("apt-get", StringComparison.Ordinal)),
            Is.EqualTo(new[]
            {
                "apt-get install -y -qq dotnet-sdk-10.0",
                "apt-get update -qq",
                "apt-get install -y -qq dotnet-sdk-10.0",
            }));
    }
}
