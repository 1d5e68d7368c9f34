using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>
/// Defects of .NET's HttpListener that clients can exploit. The tests pass only with the workarounds in
/// <c>Http/ListenerInternals</c>, <c>ListenerStart</c> or <c>ListenerExceptions</c>.
/// </summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ListenerDefectTests
{
    private const int Starts = 6;
    private const int Hammers = 8;
    private const int Leaks = 8000;
    private const int LeakClients = 20;
    private const long LeakedBytesMax = 40L * 1024 * 1024;

    // dotnet/corefx#35191: ListenerStart.
    [Test, Category("Slow")]
    public async Task The_server_starts_while_clients_keep_connecting()
    {
        for (var start = 0; start < Starts; start++)
        {
            var port = Ports.Next();
            using var stop = new CancellationTokenSource();
            var hammers = Enumerable.Range(0, Hammers).Select(_ => HammerAsync(port, stop.Token)).ToArray();
            await using var server = ServerChild.Launch([], null, port, ["--port", $"{port}"]);
            await server.WaitUntilListeningAsync();
            await stop.CancelAsync();
            await Task.WhenAll(hammers);
            await using var client = await RawHttp.ConnectAsync(port);
            Assert.That((await client.GetAsync("GET /healthz HTTP/1.1")).Body, Is.EqualTo("ok"));
        }
    }

    // dotnet/runtime#63543: ListenerInternals.Unregister. No leak was seen with 501, even without it.
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\n\r\n", 411, Category = "Slow")]
    [TestCase("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, Category = "Slow")]
    public async Task Requests_that_the_listener_refuses_do_not_leak_memory(string request, int status)
    {
        await using var server = await ServerChild.StartAsync();
        await RefuseAsync(server.Port, request, status, Leaks / 10);
        var before = server.ResidentBytes;
        await RefuseAsync(server.Port, request, status, Leaks);
        await using var client = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await client.PostAsync("0,Ann,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        Assert.That(server.ResidentBytes - before, Is.LessThan(LeakedBytesMax));
        Assert.That(server.Errors, Does.Not.Contain("error:"));
    }

    [TestCase("gzip")]
    [TestCase("chunked, gzip")]
    [TestCase("identity")]
    public async Task A_transfer_coding_other_than_chunked_is_refused(string coding)
    {
        await using var server = await ServerChild.StartAsync();
        for (var request = 0; request < 10; request++)
        {
            await using var client = await RawHttp.ConnectAsync(server.Port);
            await client.SendAsync(RawHttp.Head("POST / HTTP/1.1", $"Transfer-Encoding: {coding}"));
            Assert.That((await client.ReadReplyAsync()).Status, Is.EqualTo(501));
        }

        await using var other = await RawHttp.ConnectAsync(server.Port);
        Assert.That((await other.PostAsync("0,Ann,*,Nobody,*")).Body, Does.StartWith("0/0/"));
        Assert.That(server.Errors, Does.Not.Contain("error:"));
    }

    private static async Task HammerAsync(int port, CancellationToken stop)
    {
        var target = new IPEndPoint(IPAddress.Loopback, port);
        while (!stop.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                // Not delayed: a refused connect is repeated at once.
                await socket.ConnectAsync(target, stop);
                await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), stop);
                await Task.Delay(1, stop);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                await Task.Yield();
            }
        }
    }

    private static Task RefuseAsync(int port, string request, int status, int count) =>
        Task.WhenAll(Enumerable.Range(0, LeakClients).Select(async _ =>
        {
            var start = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} ");
            for (var i = 0; i < count / LeakClients; i++)
            {
                await using var client = await RawHttp.ConnectAsync(port);
                await client.SendAsync(request);
                Assert.That(await client.ReadToEndAsync(), Does.StartWith(start));
            }
        }));
}
