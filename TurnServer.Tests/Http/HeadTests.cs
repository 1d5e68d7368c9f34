using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Request heads that are slow or have no end. Passes only with <c>ConnectionGuard</c>.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HeadTests
{
    private const int EndlessBytesMax = 100 * 1024 * 1024;
    private const long GrowthBytesMax = 60L * 1024 * 1024;
    private const string HalfHead = "POST / HTTP/1.1\r\nHost: x\r\nContent-Le";

    private static readonly TimeSpan EndedWithin = TimeSpan.FromSeconds(8);

    private ServerChild _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await ServerChild.StartAsync("--body-timeout", "1");

    [OneTimeTearDown]
    public async Task StopServer() => await _server.DisposeAsync();

    // The listener's own timer covers only the first byte.
    [TestCase("P")]
    [TestCase(HalfHead)]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\n")]
    public async Task A_slow_head_on_a_new_connection_is_ended(string sent)
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        await client.SendAsync(sent);
        Assert.That(await client.IsEndedAsync(TimeSpan.FromSeconds(0.5)), Is.False, "it has a second");
        Assert.That(await client.IsEndedAsync(EndedWithin), Is.True);
    }

    [TestCase("P")]
    [TestCase(HalfHead)]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\n")]
    public async Task A_slow_head_on_a_kept_connection_is_ended(string sent)
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        Assert.That((await client.AskAsync("0,Slow,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        await client.SendAsync(sent);
        Assert.That(await client.IsEndedAsync(TimeSpan.FromSeconds(0.5)), Is.False, "it has a second");
        Assert.That(await client.IsEndedAsync(EndedWithin), Is.True);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_head_that_dribbles_is_ended(bool isKept)
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        if (isKept)
            await client.AskAsync("0,Dribble,*,Nobody,*");
        await client.SendAsync("POST / HTTP/1.1\r\n");
        var ended = client.IsEndedAsync(EndedWithin);
        for (var line = 0; !ended.IsCompleted; line++)
        {
            try
            {
                await client.SendAsync($"X-{line}: y\r\n");
            }
            catch (SocketException)
            {
                break;
            }

            await Task.WhenAny(ended, Task.Delay(50));
        }

        Assert.That(await ended, Is.True);
    }

    [Test]
    public async Task A_held_reply_is_not_taken_for_a_slow_head()
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        var key = (await client.AskAsync("0,Held,*,Nobody,*")).Body["0/0/".Length..];
        var reply = await client.AskAsync($"2,*,{key},*,*", "Prefer: wait=3");
        Assert.That((reply.Body, reply["Preference-Applied"]), Is.EqualTo(("0/2/*", "wait=3")));
    }

    [Test]
    public async Task A_kept_connection_may_rest_longer_than_a_head_may_take()
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        await client.AskAsync("0,Rest,*,Nobody,*");
        Assert.That(await client.IsEndedAsync(TimeSpan.FromSeconds(2.5)), Is.False);
        Assert.That((await client.AskAsync("0,Rest,*,Nobody,*")).Body, Does.StartWith("0/0/"));
    }

    // The listener's limit of 32 KiB starts anew with each piece of a line.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_line_of_the_head_without_end_is_ended_and_does_not_fill_the_memory(bool isKept)
    {
        await using var server = await ServerChild.StartAsync("--body-timeout", "60");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        if (isKept)
            await client.AskAsync("0,Endless,*,Nobody,*");
        var before = server.ResidentBytes;
        var piece = Encoding.ASCII.GetBytes(new string('x', 8192));
        var startedAt = Stopwatch.GetTimestamp();
        var sent = 0;
        try
        {
            // All that it reads must be one piece of one line.
            for (; sent < EndlessBytesMax && Stopwatch.GetElapsedTime(startedAt) < EndedWithin; sent += piece.Length)
            {
                await client.SendAsync(piece);
                // At the pace of a network: the guard looks ten times a second.
                if (sent % (8 * piece.Length) == 0)
                    await Task.Delay(1);
            }
        }
        catch (SocketException)
        {
            // Ended, as it should be.
        }

        Assert.That(sent, Is.LessThan(EndlessBytesMax));
        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain(" 200 "));
        Assert.That(server.ResidentBytes - before, Is.LessThan(GrowthBytesMax));
    }

    [Test]
    public async Task A_head_of_32_KiB_is_the_longest()
    {
        await using var client = await RawHttp.ConnectAsync(_server.Port);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\n");
        try
        {
            for (var line = 0; line < 400; line++)
                await client.SendAsync($"X-{line}: {new string('y', 100)}\r\n");
            await client.SendAsync("Content-Length: 1\r\n\r\n0");
        }
        catch (SocketException)
        {
            // Ended before all of it was sent.
        }

        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain("4/").And.Not.Contain(" 200 "));
    }
}
