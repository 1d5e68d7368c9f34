using System.Globalization;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Clients that request much and read nothing, until the server's send buffers are full.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class NonReadingClientTests
{
    private const int ClientCount = 500;
    private const int RequestsMax = 80;
    private const int TurnBytes = 16_000;
    private const int BacklogTurns = 8;

    // Enough for two copies of each reply being sent, and for as much garbage as may accumulate before the next
    // collection, which a busy machine may delay unless the heap is limited.
    private const long HeapBytesMax =
        3L * ClientCount * (MemoryBound.ConnectionBytes + (2 * MemoryBound.BacklogBytesMax));

    [Test]
    public async Task Clients_that_never_read_are_disconnected_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax, "--game-timeout", "60");
        await using var pair = await RawPair.StartAsync(abused.Port, "Unread");
        for (var counter = 0; counter < BacklogTurns; counter++)
            await pair.Players[0].PostAsync(pair.Update(0, counter, new string('x', TurnBytes)));
        await pair.Players[1].PostAsync(pair.Update(1, 0, ""));
        // Each reply repeats the whole block of 128 KB.
        var again = RawHttp.Post(pair.Update(1, 0, ""));
        var descriptors = abused.Server.Descriptors;
        using var swarm = await ClientSwarm.ConnectAsync(abused.Port, ClientCount);
        var rounds = 0;
        for (var taken = ClientCount; taken > 0 && rounds < RequestsMax; rounds++)
            taken = await swarm.SendAsync(again);
        // A write times out after 10 s, an idle connection after 15 s.
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "all are closed",
            TimeSpan.FromSeconds(40));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{ClientCount} clients request 128 KB {rounds} times and read nothing"),
            MemoryBound.ForHeapLimit(HeapBytesMax));
    }
}
