using System.Runtime.InteropServices;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Connect;

/// <summary>A <c>connect</c> that is killed while it waits, and started again (PROTOCOL.md, "Pairing").</summary>
[Category("Slow"), Parallelizable(ParallelScope.All)]
internal sealed class ConnectRestartTests() : ServerFixture("--pairing-timeout", "300", "--load-timeout", "300")
{
    private readonly TempFolder _folder = new("turnserver-kept-");

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task It_resumes_its_registration_after_a_kill()
    {
        var folder = Folder("ghost");
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        await using (var first = Launch(folder, ann, "--partner", bob))
        {
            await first.WaitForMessageAsync("waiting for");
            await first.KillAsync();
        }

        Assert.That(Directory.GetFiles(folder, "turnserver/*"), Has.Length.EqualTo(1));
        await using var second = Launch(folder, ann, "--partner", bob);
        await second.WaitForMessageAsync("waiting for");
        await using var partner = Launch(Folder("partner"), bob, "--partner", ann);
        await AssertPassedAsync(second, partner);
        Assert.That(Directory.GetFiles(folder, "turnserver/*"), Is.Empty, "the token is deleted when the game begins");
    }

    [Test]
    public async Task Two_with_the_same_name_have_a_token_each_and_both_resume()
    {
        var folder = Folder("two");
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        for (var i = 0; i < 2; i++)
        {
            await using var first = Launch(folder, ann, "--partner", bob);
            await using var second = Launch(folder, ann, "--partner", bob);
            await first.WaitForMessageAsync("waiting for");
            await second.WaitForMessageAsync("waiting for");
            Assert.That(Directory.GetFiles(folder, "turnserver/*"), Has.Length.EqualTo(2));
            if (i == 0)
            {
                await first.KillAsync();
                await second.KillAsync();
                continue;
            }

            await using var one = Launch(Folder("one"), bob, "--partner", ann);
            await using var other = Launch(Folder("other"), bob, "--partner", ann);
            await AssertPassedAsync(first, second, one, other);
        }
    }

    [Test]
    public async Task It_resumes_its_registration_in_its_pool_only()
    {
        var folder = Folder("pool");
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        await using (var first = Launch(folder, ann, "--partner", bob, "--pool", "one"))
        {
            await first.WaitForMessageAsync($"waiting for {bob} in the pool one at");
            await first.KillAsync();
        }

        var kept = Directory.GetFiles(folder, "turnserver/*").Single();
        var token = await File.ReadAllTextAsync(kept);
        await using var other = Launch(folder, ann, "--partner", bob, "--pool", "two");
        await other.WaitForMessageAsync("waiting for");
        Assert.That(Directory.GetFiles(folder, "turnserver/*"), Has.Length.EqualTo(2).And.Contains(kept));
        Assert.That(await File.ReadAllTextAsync(kept), Is.EqualTo(token));
        await using var second = Launch(folder, ann, "--partner", bob, "--pool", "one");
        await second.WaitForMessageAsync("waiting for");
        await using var partner = Launch(Folder("pooled"), bob, "--partner", ann, "--pool", "one");
        await AssertPassedAsync(second, partner);
        Assert.That(File.Exists(kept), Is.False, "the token is deleted when the game begins");
        Assert.That(other.Errors, Does.Not.Contain("paired"));
    }

    [TestCase("/proc/nowhere", TestName = "It_works_without_a_writable_folder")]
    [TestCase("not/a/full/path", TestName = "It_works_with_a_relative_path")]
    public async Task It_works_without_a_token_file(string folder)
    {
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        await using var first = Launch(folder, ann, "--partner", bob);
        await using var second = Launch(folder, bob, "--partner", ann);
        await AssertPassedAsync(first, second);
    }

    [Test]
    public async Task An_invalid_token_file_is_ignored()
    {
        var folder = Folder("stale");
        var (ann, bob) = (ClientPair.NewName(), ClientPair.NewName());
        await using (var first = Launch(folder, ann, "--partner", bob))
        {
            await first.WaitForMessageAsync("waiting for");
            await first.KillAsync();
        }

        var file = Directory.GetFiles(folder, "turnserver/*").Single();
        Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        await File.WriteAllTextAsync(file, "not a token, but much longer than one, \n with a line break");
        await using var second = Launch(folder, ann, "--partner", bob);
        await second.WaitForMessageAsync("waiting for");
        second.Signal(PosixSignal.SIGTERM);
        Assert.That(await second.ExitCodeAsync(), Is.EqualTo(143));
        Assert.That(Directory.GetFiles(folder, "turnserver/*"), Is.Empty, "the token is deleted when it leaves");
    }

    private string Folder(string name) => Directory.CreateDirectory(_folder.PathOf(name)).FullName;

    private ConnectChild Launch(string folder, string name, params string[] flags) =>
        ConnectChild.LaunchIn(folder, [Server.Url.ToString(), "--name", name, .. flags]);

    private static async Task AssertPassedAsync(params ConnectChild[] connects)
    {
        foreach (var connect in connects)
            await connect.WriteAsync(default);
        foreach (var connect in connects)
        {
            Assert.That(await connect.ExitCodeAsync(), Is.Zero, connect.Errors);
            Assert.That(connect.Errors, Does.Contain("paired with").And.Not.Contain("left before"));
        }
    }
}
