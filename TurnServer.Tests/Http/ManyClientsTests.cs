using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>Many clients at once.</summary>
internal sealed class ManyClientsTests() : ServerFixture("--max-wait", "60")
{
    private const int ClientCount = 1000;
    private const int HeldCount = 2000;
    private const int NonReadingCount = 20;
    private const int UnreadReplyCount = 60;

    [Test]
    public async Task A_thousand_simultaneous_connections_are_all_served()
    {
        var clients = await ConnectAsync(ClientCount);
        var replies = await Task.WhenAll(clients.Select((client, i) => client.PostAsync($"0,Client{i},*,Nobody,*")));
        foreach (var client in clients)
            await client.DisposeAsync();
        Assert.That(replies.Select(reply => reply.Body), Has.All.StartsWith("0/0/"));
        Assert.That(replies.Select(reply => reply.Body), Is.Unique);
    }

    [Test]
    public async Task Thousands_of_held_replies_are_all_answered()
    {
        var clients = await ConnectAsync(HeldCount);
        await Task.WhenAll(clients.Select(HoldAsync));
        await using var other = await RawHttp.ConnectAsync(Server.Port);
        for (var i = 0; i < HeldCount; i += 100)
            Assert.That(clients[i].Socket.Available, Is.Zero, "none is answered before there is news");

        await Task.WhenAll(Enumerable.Range(0, HeldCount).Chunk(50).Select(JoinAsync));
        var replies = await Task.WhenAll(clients.Select(client => client.ReadReplyAsync()));
        foreach (var client in clients)
            await client.DisposeAsync();
        Assert.That(replies.Select(reply => reply.Body),
            Is.EqualTo(Enumerable.Range(0, HeldCount).Select(i => $"0/4/Partner{i}")));
    }

    [Test]
    public async Task Clients_that_never_read_do_not_block_others()
    {
        await using var pair = await RawPair.StartAsync(Server.Port, "Unread");
        var turn = new string('x', 16_000);
        for (var counter = 0; counter < 8; counter++)
            await pair.Players[0].PostAsync(pair.Update(0, counter, turn));
        await pair.Players[1].PostAsync(pair.Update(1, 0, ""));

        // Each reply repeats the whole block of 128,000 bytes.
        var redundant = RawHttp.Post(pair.Update(1, 0, ""));
        var clients = await ConnectAsync(NonReadingCount, receiveBytes: 4096);
        var slowest = TimeSpan.Zero;
        for (var request = 0; request < UnreadReplyCount; request++)
        {
            await Task.WhenAll(clients.Select(client => client.SendAsync(redundant)));
            await using var other = await RawHttp.ConnectAsync(Server.Port);
            var startedAt = Stopwatch.GetTimestamp();
            await other.PostAsync("0,Other,*,Nobody,*");
            var elapsed = Stopwatch.GetElapsedTime(startedAt);
            slowest = elapsed > slowest ? elapsed : slowest;
        }

        foreach (var client in clients)
            client.Reset();
        Assert.That(slowest.TotalSeconds, Is.LessThan(2));
    }

    private Task<RawHttp[]> ConnectAsync(int count, int? receiveBytes = null) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => RawHttp.ConnectAsync(Server.Port, receiveBytes)));

    private static async Task HoldAsync(RawHttp client, int i)
    {
        var key = await client.RegisterAsync($"0,Player{i},bibbybabbis,Partner{i},*");
        await client.SendAsync(RawHttp.Post($"2,*,{key},*,*", "Prefer: wait=60"));
    }

    private async Task JoinAsync(int[] numbers)
    {
        // Two requests each: fewer than the 100 of one connection.
        await using var client = await RawHttp.ConnectAsync(Server.Port);
        foreach (var i in numbers)
        {
            var key = await client.RegisterAsync($"0,Partner{i},*,Player{i},*");
            Assert.That((await client.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo($"0/3/Player{i}"));
        }
    }
}
