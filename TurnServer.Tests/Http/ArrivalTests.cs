using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Clients that come all at once, as after a restart.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed class ArrivalTests
{
    // Three times what the listener lets wait by itself; half of what the kernel does by default.
    private const int ClientCount = 1500;

    // One that is turned away tries again after 1, 3 and 7 seconds, and not in vain if somebody has left.
    [Test]
    public async Task A_crowd_waits_to_be_accepted_and_is_not_turned_away()
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
