using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Requests in pieces, pipelined, one after the other, and incomplete.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RequestFramingTests() : ServerFixture("--body-timeout", "1")
{
    private const string Register = "0,Ann,*,Nobody,*";

    [Test]
    public async Task A_request_split_in_two_anywhere_is_answered()
    {
        var replies = await RawHttp.SendSplitAnywhereAsync(Server.Port, RawHttp.Post(Register));
        Assert.That(replies.Select(reply => reply.Body), Has.All.StartsWith("0/0/"));
    }

    [Test]
    public async Task A_request_sent_byte_by_byte_is_answered()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        foreach (var piece in RawHttp.Post(Register))
            await client.SendAsync(new[] { piece });
        Assert.That((await client.ReadReplyAsync()).Body, Does.StartWith("0/0/"));
    }

    // The listener drops what its buffer holds after a request (Service/README.md).
    [Test]
    public async Task Of_pipelined_requests_the_first_is_answered_and_the_connection_stays_usable()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        byte[] both = [.. RawHttp.Post("0,First,*,Nobody,*"), .. RawHttp.Post("0,Second,*,Nobody,*")];
        await client.SendAsync(both);
        var first = await client.ReadReplyAsync();
        var next = await client.PostAsync("1,*,1,*,*");
        Assert.That(first.Body, Does.StartWith("0/0/"));
        Assert.That(next.Body, Is.EqualTo("5/*/*"), "the reply to the request sent alone, not to the lost one");
    }

    [Test]
    public async Task A_connection_is_kept_open_for_100_replies_and_closed_after_the_next()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync(Register);
        var requests = 1;
        RawReply reply;
        do
        {
            reply = await client.PostAsync($"2,*,{key},*,*");
            requests++;
            Assert.That(reply.Body, Is.EqualTo("0/2/*"), $"request {requests}");
        }
        while (!reply.Closes && requests < 200);

        Assert.That(requests, Is.EqualTo(101));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [Test]
    public async Task A_http_1_0_request_is_answered_and_its_connection_closed()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync($"POST / HTTP/1.0\r\nContent-Length: {Register.Length}\r\n\r\n{Register}");
        Assert.That((await client.ReadReplyAsync()).Body, Does.StartWith("0/0/"));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [Test]
    public async Task A_stalled_body_is_closed_at_the_body_timeout()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", "Content-Length: 10") + "0,An");
        Assert.That(await client.IsClosedAsync(TimeSpan.FromSeconds(0.5)), Is.False, "the timeout is one second");
        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain("200 OK"));
    }

    [Test]
    public async Task A_body_that_arrives_byte_by_byte_is_closed_at_the_body_timeout()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", "Content-Length: 10000"));
        var ended = client.ReadToEndAsync();
        for (var sent = 0; sent < 100 && !ended.IsCompleted; sent++)
        {
            try
            {
                await client.SendAsync("0");
            }
            catch (System.Net.Sockets.SocketException)
            {
                break;
            }

            await Task.Delay(RawHttp.SplitPause);
        }

        Assert.That(await ended, Does.Not.Contain("200 OK"));
    }

    [Test]
    public async Task A_client_that_disconnects_at_any_byte_does_not_affect_others()
    {
        var request = RawHttp.Post("2,*,1,*,*");
        for (var sent = 0; sent <= request.Length; sent++)
        {
            foreach (var reset in new[] { false, true })
            {
                var client = await RawHttp.ConnectAsync(Server.Port);
                await client.SendAsync(request.AsMemory(0, sent));
                if (reset)
                    client.Reset();
                await client.DisposeAsync();
            }
        }

        await using var other = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await other.PostAsync(Register)).Body, Does.StartWith("0/0/"));
        Assert.That(Server.Errors, Does.Not.Contain("error:").And.Not.Contain("Unhandled"));
    }

    [Test]
    public async Task Garbage_closes_its_connection_only()
    {
        string[] garbage =
        [
            "\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nHost\r\n\r\n",
            "POST http://[ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n0",
            "POST / HTTP/1.1\r\nHost: :::\r\nContent-Length: 1\r\n\r\n0",
            "POST % HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n0",
        ];
        foreach (var text in garbage)
        {
            await using var client = await RawHttp.ConnectAsync(Server.Port);
            await client.SendAsync(text);
            var answer = await client.ReadToEndAsync();
            Assert.That(answer, Does.Not.StartWith("HTTP/1.1 200").And.Not.Contain(" at System."), text);
        }

        await using var other = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await other.PostAsync(Register)).Body, Does.StartWith("0/0/"));
        Assert.That(Server.Errors, Does.Not.Contain("error:").And.Not.Contain("Unhandled"));
    }

    [Test]
    public async Task A_body_that_is_not_UTF_8_is_refused()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        byte[] body = [.. "0,"u8, 0xFF, .. ",*,*,*"u8];
        await client.SendAsync(RawHttp.Post(body));
        Assert.That((await client.ReadReplyAsync()).Body, Is.EqualTo("2/*/*"));
    }
}
