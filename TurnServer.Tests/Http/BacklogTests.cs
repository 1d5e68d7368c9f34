using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Many clients that connect at once, as after a restart.</summary>
[Category("Process")]
[Parallelizable(ParallelScope.All)]
internal sealed class BacklogTests
{
    // Three times the default backlog of the listener; less than half of the kernel's default limit.
    private const int ClientCount = 1500;

    // A client whose SYN is dropped retries after 1, 3 and 7 seconds.
    [Test]
    public async Task Clients_that_connect_at_once_wait_in_the_backlog()
    {
        await using var server = await ServerChild.StartAsync();
        await server.PauseAsync();
        var clients = await Task.WhenAll(
            Enumerable.Range(0, ClientCount).Select(_ => RawHttp.ConnectAsync(server.Port)));
        server.Resume();
        var replies = await Task.WhenAll(clients.Select(client => client.PostAsync("2,*,1,*,*")));
        foreach (var client in clients)
            client.Reset();
        Assert.That(replies.Select(reply => reply.Body), Has.All.EqualTo("5/*/*"));
    }
}
