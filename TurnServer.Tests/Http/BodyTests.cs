using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Lengths, chunks and sizes of bodies (PROTOCOL.md, "Request").</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class BodyTests() : ServerFixture("--body-timeout", "2")
{
    private const int BodyBytesMax = 16_384;
    private const string Register = "0,Ann,*,Nobody,*";
    private const string Chunked = "Transfer-Encoding: chunked";

    [TestCase("", 411)]
    [TestCase("Content-Length: abc\r\n", 400)]
    [TestCase("Content-Length: -1\r\n", 400)]
    [TestCase("Content-Length: 1e3\r\n", 400)]
    [TestCase("Content-Length: \r\n", 400)]
    public async Task A_POST_without_a_usable_length_is_refused(string header, int status)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n");
        Assert.That((await client.ReadReplyAsync()).Status, Is.EqualTo(status));
    }

    [TestCase("Content-Length: 16\r\nTransfer-Encoding: chunked\r\n")]
    [TestCase("Transfer-Encoding: chunked\r\nContent-Length: 16\r\n")]
    [TestCase("Transfer-Encoding: Chunked\r\nContent-Length: 0\r\n")]
    public async Task Two_lengths_are_refused_and_close_the_connection(string headers)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n10\r\n{Register}\r\n0\r\n\r\n");
        var reply = await client.ReadReplyAsync();
        Assert.That((reply.Status, reply.Body), Is.EqualTo((400, "1/*/*")));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [Test]
    public async Task An_empty_body_is_refused()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var reply = await client.PostAsync("");
        Assert.That((reply.Status, reply.Body), Is.EqualTo((400, "2/*/*")));
    }

    [TestCase(1)]
    [TestCase(5)]
    [TestCase(16)]
    public async Task A_chunked_body_is_read_whatever_the_size_of_its_chunks(int chunkBytes)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + Chunks(Register, chunkBytes));
        var reply = await client.ReadReplyAsync();
        Assert.That(reply.Body, Does.StartWith("0/0/"));
        Assert.That(reply["Transfer-Encoding"], Is.Null, "the reply has a length");
    }

    [Test]
    public async Task A_chunked_body_split_in_two_anywhere_is_read()
    {
        var request = Encoding.ASCII.GetBytes(RawHttp.Head("POST / HTTP/1.1", Chunked) + Chunks(Register, 7));
        var replies = await RawHttp.SendSplitAnywhereAsync(Server.Port, request);
        Assert.That(replies.Select(reply => reply.Body), Has.All.StartsWith("0/0/"));
    }

    // The part that arrives would be a valid request.
    [Test]
    public async Task A_truncated_chunked_body_is_not_handled([Values] bool isReset)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var key = await client.RegisterAsync(Register);
        await using var cut = await RawHttp.ConnectAsync(Server.Port);
        var chunks = Chunks($"1,*,{key},*,*", 5);
        await cut.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + chunks[..^"0\r\n\r\n".Length]);
        // Time for the server to read this before the end.
        await Task.Delay(TimeSpan.FromMilliseconds(100));
        if (isReset)
            cut.Reset();
        else
            cut.Socket.Shutdown(SocketShutdown.Send);
        await Task.Delay(TimeSpan.FromMilliseconds(100));
        Assert.That((await client.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("0/2/*"), "still registered");
    }

    [TestCase("xyz\r\n0,Ann,*,*,*\r\n0\r\n\r\n")]
    [TestCase("-5\r\n0,Ann\r\n0\r\n\r\n")]
    [TestCase("5\r\n0,Ann,*,*,*\r\n0\r\n\r\n")]
    [TestCase("fffffffffffffffff\r\n0,Ann\r\n0\r\n\r\n")]
    public async Task Malformed_chunks_close_their_connection_only(string chunks)
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + chunks);
        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain("200 OK"));
        await using var other = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await other.PostAsync(Register)).Body, Does.StartWith("0/0/"));
        Assert.That(Server.Errors, Does.Not.Contain("error:"));
    }

    [Test]
    public async Task A_stalled_chunked_body_is_closed_at_the_body_timeout()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + "5\r\n0,Ann\r\n");
        Assert.That(await client.ReadToEndAsync(), Does.Not.Contain("200 OK"));
    }

    [TestCase(BodyBytesMax, "4/0/*")]
    [TestCase(BodyBytesMax + 1, "20/*/*")]
    [TestCase(1024 * 1024, "20/*/*")]
    public async Task The_reply_to_a_long_body_arrives(int bytes, string reply)
    {
        var body = new string('x', bytes);
        await using var plain = await RawHttp.ConnectAsync(Server.Port);
        await using var chunked = await RawHttp.ConnectAsync(Server.Port);
        await plain.SendAsync(RawHttp.Post(body));
        await chunked.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + Chunks(body, 10_000));
        Assert.That((await plain.ReadReplyAsync()).Body, Is.EqualTo(reply));
        Assert.That((await chunked.ReadReplyAsync()).Body, Is.EqualTo(reply), "chunked");
    }

    [Test]
    public async Task The_longest_turn_is_relayed_byte_for_byte()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Long");
        var shell = pair.Update(0, 0, "");
        var turn = new string('é', (BodyBytesMax - shell.Length) / 2) + (shell.Length % 2 == 0 ? "" : "x");
        var sent = pair.Update(0, 0, turn);
        Assert.That(Encoding.UTF8.GetByteCount(sent), Is.EqualTo(BodyBytesMax));
        Assert.That((await pair.Players[0].PostAsync(sent)).Body, Is.EqualTo("0/10/*"));
        Assert.That((await pair.Players[1].PostAsync(pair.Update(1, 0, ""))).Body, Is.EqualTo("0/9/" + turn));
    }

    // The server drains the body, so that no reset discards the reply.
    [Test]
    public async Task A_client_that_sends_an_oversized_body_before_it_reads_sees_the_reply([Values] bool isChunked)
    {
        var body = new string('x', 900_000);
        await using var client = await RawHttp.ConnectAsync(Server.Port, receiveBytes: 2048);
        var head = isChunked ? Chunked : $"Content-Length: {body.Length}";
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", head));
        var sent = isChunked ? Chunks(body, 9000) : body;
        for (var at = 0; at < sent.Length; at += 100_000)
        {
            await client.SendAsync(sent.Substring(at, Math.Min(100_000, sent.Length - at)));
            await Task.Delay(1);
        }

        Assert.That((await client.ReadReplyAsync()).Body, Is.EqualTo("20/*/*"));
        Assert.That(await client.IsClosedAsync(), Is.True);
    }

    [Test]
    public async Task Draining_an_endless_body_is_limited([Values] bool isChunked)
    {
        const int SentMax = 64 * 1024 * 1024;
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        var length = isChunked ? Chunked : $"Content-Length: {long.MaxValue}";
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", length));
        var chunk = Encoding.ASCII.GetBytes("4000\r\n" + new string('x', 0x4000) + "\r\n");
        var sent = 0;
        try
        {
            for (; sent < SentMax; sent += chunk.Length)
                await client.SendAsync(chunk);
        }
        catch (SocketException)
        {
            // Closed by the server, as expected.
        }

        Assert.That(sent, Is.LessThan(SentMax));
    }

    // No read of it yields a byte of the body.
    [Test]
    public async Task An_endless_chunk_extension_is_closed_at_the_body_timeout()
    {
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", Chunked) + "1 ");
        var piece = Encoding.ASCII.GetBytes(new string(';', 64 * 1024));
        var ended = client.ReadToEndAsync();
        try
        {
            for (var sent = 0; sent < 1000 && !ended.IsCompleted; sent++)
                await client.SendAsync(piece);
        }
        catch (SocketException)
        {
            // Closed by the server, as expected.
        }

        Assert.That(await ended, Does.Not.Contain("200 OK"));
        await using var other = await RawHttp.ConnectAsync(Server.Port);
        Assert.That((await other.PostAsync(Register)).Body, Does.StartWith("0/0/"));
    }

    private static string Chunks(string body, int chunkBytes)
    {
        var text = new StringBuilder();
        foreach (var chunk in body.Chunk(chunkBytes))
            text.Append(CultureInfo.InvariantCulture, $"{chunk.Length:x}\r\n").Append(chunk).Append("\r\n");
        return text.Append("0\r\n\r\n").ToString();
    }
}
