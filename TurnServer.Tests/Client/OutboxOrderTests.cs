using TurnServer.Client;

namespace TurnServer.Tests.Client;

/// <summary>Turns leave the outbox in the order of the calls, even if they had to wait for room.</summary>
internal sealed class OutboxOrderTests
{
    // A race: a defect shows within a few rounds.
    [Test, Repeat(20)]
    public async Task Turns_that_waited_for_room_keep_the_order_of_the_calls()
    {
        const int Count = 1000;
        var outbox = new Outbox(new WakeSignal());
        var puts = Enumerable.Range(0, Count)
            .Select(i => outbox.PutAsync(new OutgoingTurn(BitConverter.GetBytes(i), null, false), default).AsTask())
            .ToArray();
        while (outbox.Batch.Count < Count)
        {
            outbox.TakeBatch(TurnGame.TurnBytesMax);
            await Task.WhenAny(Task.WhenAll(puts), Task.Delay(1));
        }

        Assert.That(outbox.Batch.Select(turn => BitConverter.ToInt32(turn.Bytes.Span)), Is.Ordered);
        Assert.That(await Task.WhenAll(puts), Has.All.True);
    }
}
