using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>
/// Slow and endless request heads. Passes only with <c>ConnectionGuard</c> and <c>ConnectionStream</c>.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SlowHeadTests() : ServerFixture("--body-timeout", "1")
{
    private const string HalfHead = "POST / HTTP/1.1\r\nHost: x\r\nContent-Le";

    private static readonly TimeSpan ClosedWithin = TimeSpan.FromSeconds(8);

    // The listener's own timer covers only the first byte.
    [TestCase("P")]
    [TestCase(HalfHead)]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\n")]
    public async Task A_slow_head_on_a_new_connection_is_closed(string sent)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(sent);
        Assert.That(await client.IsClosedAsync(TimeSpan.FromSeconds(0.5)), Is.False, "the timeout is one second");
        Assert.That(await client.IsClosedAsync(ClosedWithin), Is.True);
    }

    [TestCase("P")]
    [TestCase(HalfHead)]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\n")]
    public async Task A_slow_head_on_a_reused_connection_is_closed(string sent)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await client.PostAsync("0,Slow,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        await client.SendAsync(sent);
        Assert.That(await client.IsClosedAsync(TimeSpan.FromSeconds(0.5)), Is.False, "the timeout is one second");
        Assert.That(await client.IsClosedAsync(ClosedWithin), Is.True);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_head_that_arrives_line_by_line_is_closed_at_the_timeout(bool isReused)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        if (isReused)
            await client.PostAsync("0,Dribble,*,Nobody,*");
        await client.SendAsync("POST / HTTP/1.1\r\n");
        var ended = client.IsClosedAsync(ClosedWithin);
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
    public async Task A_held_reply_is_not_a_slow_head()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync("0,Held,*,Nobody,*");
        var reply = await client.PostAsync($"2,*,{key},*,*", "Prefer: wait=3");
        Assert.That((reply.Body, reply["Preference-Applied"]), Is.EqualTo(("0/2/*", "wait=3")));
    }

    [Test]
    public async Task A_connection_may_be_idle_for_longer_than_the_head_timeout()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.PostAsync("0,Rest,*,Nobody,*");
        Assert.That(await client.IsClosedAsync(TimeSpan.FromSeconds(2.5)), Is.False);
        Assert.That((await client.PostAsync("0,Rest,*,Nobody,*")).Body, Does.StartWith("0/0/"));
    }

    // The listener's own limit is reset by each part of a line, and by each whole line.
    [TestCase(false, "x")]
    [TestCase(true, "x")]
    [TestCase(false, "X-Line: y\r\n")]
    [TestCase(true, "X-Line: y\r\n")]
    [TestCase(true, "\r\n")]
    public async Task An_endless_head_is_closed_at_32_KiB(bool isReused, string repeated)
    {
        await using var server = await ServerChild.StartAsync("--body-timeout", "60");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        if (isReused)
            await client.PostAsync("0,Endless,*,Nobody,*");
        var piece = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(repeated, 1024)));
        if (repeated.Contains(':'))
            await client.SendAsync("POST / HTTP/1.1\r\n");
        for (var sent = 0; sent <= RequestHead.BytesMax; sent += piece.Length)
        {
            try
            {
                await client.SendAsync(piece);
            }
            catch (SocketException)
            {
                break;
            }
        }

        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain(" 200 "));
    }

    [TestCase(RequestHead.BytesMax, true)]
    [TestCase(RequestHead.BytesMax + 1, false)]
    public async Task The_longest_head_is_32_KiB(int bytes, bool isAccepted)
    {
        const string Body = "0,Long,*,Nobody,*";
        var start = $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Body.Length}\r\n";
        var lines = new StringBuilder(start);
        while (bytes - lines.Length > 300)
            lines.Append(CultureInfo.InvariantCulture, $"X-{lines.Length}: {new string('y', 100)}\r\n");
        lines.Append("X: ").Append('y', bytes - lines.Length - "\r\n\r\n".Length).Append("\r\n\r\n");
        Assert.That(lines.Length, Is.EqualTo(bytes));
        foreach (var pieceBytes in new[] { bytes, 8192, 1000 })
        {
            await using var client = await RawHttp.ConnectAsync(Server.Port);
            var request = Encoding.ASCII.GetBytes(lines + Body);
            try
            {
                for (var at = 0; at < request.Length; at += pieceBytes)
                    await client.SendAsync(request.AsMemory(at, Math.Min(pieceBytes, request.Length - at)));
            }
            catch (SocketException) when (!isAccepted)
            {
                // Closed before all of it was sent.
            }

            if (isAccepted)
                Assert.That((await client.ReadReplyAsync()).Body, Does.StartWith("0/0/"), $"in pieces of {pieceBytes}");
            else
                Assert.That(await client.ReadToEndAsync(), Does.Not.Contain(" 200 "), $"in pieces of {pieceBytes}");
        }
    }

    // The listener's timer of 15 s is for idle connections.
    [Test, Category("Slow")]
    public async Task A_head_on_a_reused_connection_may_take_as_long_as_the_flag_says()
    {
        const string Body = "0,Slow,*,Nobody,*";
        await using var server = await ServerChild.StartAsync("--body-timeout", "60");
        await using var client = await RawHttp.ConnectAsync(server.Port);
        for (var request = 0; request < 2; request++)
            Assert.That((await client.PostAsync(Body)).Body, Does.StartWith("0/0/"));
        await client.SendAsync(HalfHead);
        Assert.That(await client.IsClosedAsync(TimeSpan.FromSeconds(17)), Is.False);
        await client.SendAsync($"ngth: {Body.Length}\r\n\r\n{Body}");
        Assert.That((await client.ReadReplyAsync()).Body, Does.StartWith("0/0/"));
    }
}
