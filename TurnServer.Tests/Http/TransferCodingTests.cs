using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Transfer codings that exploit defects of the listener.</summary>
[Category("Process")]
public sealed class TransferCodingTests
{
    private const int TinyChunks = 16_000;
    private const int Refusals = 30;

    // The listener reads chunks recursively; a large read would overflow the stack.
    [Test]
    public async Task A_body_of_thousands_of_tiny_chunks_does_not_end_the_process()
    {
        await using var server = await ServerChild.StartAsync();
        await using var client = await RawHttp.ConnectAsync(server.Port);
        var body = new StringBuilder();
        for (var i = 0; i < TinyChunks; i++)
            body.Append("00000000001\r\nA\r\n");
        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendAsync(body.Append("0\r\n\r\n").ToString());
        Assert.That((await client.ReadReplyAsync()).Body, Is.EqualTo("4/0/*"));
        Assert.That(server.HasExited, Is.False);
    }

    // The listener registers such a connection after it has closed it.
    [Test]
    public async Task Connections_with_refused_codings_are_not_counted_forever()
    {
        await using var server = await ServerChild.StartAsync("--max-connections", "10");
        for (var i = 0; i < Refusals; i++)
        {
            await using var refused = await RawHttp.ConnectAsync(server.Port);
            await refused.SendAsync(
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n");
            await refused.ReadToEndAsync();
        }

        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Status, Is.EqualTo(200));
    }
}
