using System.Globalization;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Clients that ask for much and read none of it, until the server's send buffers are full.</summary>
[Category("Slow"), NonParallelizable]
[Category("Process")]
internal sealed class DeafClientTests
{
    private const int ClientCount = 500;
    private const int RequestsMax = 80;
    private const int TurnBytes = 16_000;
    private const int BacklogTurns = 8;

    // Room for the replies that are being sent, each of which is there twice, and as many that come before the
    // collector has seen that others have gone; on a busy machine it may see that late, unless it is told.
    private const long HeapBytesMax =
        3L * ClientCount * (MemoryBound.ConnectionBytes + (2 * MemoryBound.BacklogBytesMax));

    [Test]
    public async Task Clients_that_never_read_are_given_up_and_disturb_no_game()
    {
        await using var abused = await AbusedServer.StartWithHeapAsync(HeapBytesMax, "--game-timeout", "60");
        await using var pair = await RawPair.StartAsync(abused.Port, "Deaf");
        for (var counter = 0; counter < BacklogTurns; counter++)
            await pair.Players[0].PostAsync(pair.Update(0, counter, new string('x', TurnBytes)));
        await pair.Players[1].PostAsync(pair.Update(1, 0, ""));
        // The whole block again, 128 KB, each time.
        var again = RawHttp.Post(pair.Update(1, 0, ""));
        var descriptors = abused.Server.Descriptors;
        using var crowd = await Crowd.ConnectAsync(abused.Port, ClientCount);
        var rounds = 0;
        for (var taken = ClientCount; taken > 0 && rounds < RequestsMax; rounds++)
            taken = await crowd.SendAsync(again);
        // A reply that is not taken is given up after 10 seconds, an idle connection after 15.
        await TestWait.UntilAsync(() => abused.Server.Descriptors < descriptors + 50, "all are given up",
            TimeSpan.FromSeconds(40));
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{ClientCount} clients ask for 128 KB {rounds} times and read nothing"),
            MemoryBound.OfHeap(HeapBytesMax));
    }
}
