using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>Allocations of the rules.</summary>
public sealed class AllocationTests : TableFixture
{
    private const int WarmUpUpdates = 500;
    private const int MeasuredUpdates = 5000;

    [Test]
    public void UpdateInARunningGame_AllocatesNothing()
    {
        Play(TableScript.Playing);
        var bodies = new[] { Body("a turn of Ann's", "ga", 0), Body("Bob's", "gb", 1) };
        var requests = Array.ConvertAll(bodies, body => RequestParser.TryParse(body, out var request, out _)
            ? request
            : throw new FormatException());
        Exchange(0, WarmUpUpdates);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var bytesHandedOut = Exchange(WarmUpUpdates, MeasuredUpdates);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bytesHandedOut, Is.EqualTo(MeasuredUpdates * ("a turn of Ann's".Length + "Bob's".Length)));
            Assert.That(allocated, Is.Zero);
        }

        // Both send and collect in turn; only Ann's first update finds no turn.
        int Exchange(int from, int count)
        {
            var bytes = 0;
            for (var counter = from; counter < from + count; counter++)
            {
                for (var seat = 0; seat < 2; seat++)
                {
                    var answers = Table.Apply(new Arrival
                    {
                        Ticket = new Ticket(1_000_000 + counter),
                        Request = requests[seat] with { Counter = counter },
                        Body = bodies[seat],
                        From = Driver.From,
                    }, TimeSpan.FromMilliseconds(counter));
                    bytes += answers[0].Reply.Turns.Length;
                }
            }

            return bytes;
        }
    }

    private byte[] Body(string turn, string key, int seat) => WireText.ToBytes($"6,{turn},{Script[key]},{seat},0");
}
