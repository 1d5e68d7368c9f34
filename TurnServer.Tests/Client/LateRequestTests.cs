using TurnServer.Client;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>
/// Requests that arrive after the client has given them up, while the partner's backlog is full (PROTOCOL.md, "Rules
/// for clients").
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LateRequestTests
{
    // Eight such turns fill a backlog.
    private const int TurnLength = 16_000;

    [Test]
    public async Task A_refused_turn_arrives_once_although_its_first_attempt_is_taken_late()
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        await using var ann = table.Play(seats[0]);
        await FillAsync(ann);
        table.Plan = LateOnce();
        var ninth = ann.SendAsync(Turn(8));
        await TestWait.UntilAsync(() => table.Refused >= 100, "the client has retried for long");
        // Bob reads, and the late request arrives before the next retry.
        var read = Turns(table.Ask(Update(seats[1], 0), null)!).ToList();
        read.AddRange(Turns(table.Ask(Update(seats[1], 1), null)!));
        table.DeliverNow();
        await AssertTakenAsync(ninth);
        await ClientPair.SendAsync(ann, Text(9));
        read.AddRange(Turns(table.Ask(Update(seats[1], 2), null)!));
        Assert.That(Numbers(read), Is.EqualTo(Enumerable.Range(0, 10)));
    }

    [Test]
    public async Task A_turn_that_is_refused_while_both_backlogs_are_full_arrives_once([Values] bool isTurnTaken,
        [Values] bool isBlockKnown,
        [Values(NetworkFault.None, NetworkFault.DropReply, NetworkFault.DropRequest, NetworkFault.SendTwice)]
        NetworkFault fault)
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        await using var ann = table.Play(seats[0]);
        var bob = new StuckPartner(table, seats[1]);
        // When Ann sends her ninth turn she has received all of Bob's turns, or none.
        await FillAsync(ann, isBlockKnown ? 7 : 8);
        bob.Fill();
        if (isBlockKnown)
            await ClientPair.SendAsync(ann, Text(7));

        var (attempts, emptyUpdates) = (0, 0);
        table.Plan = body =>
        {
            if (!body.EndsWith($",{seats[0].Key},{seats[0].Number},8", StringComparison.Ordinal))
                return default;
            if (!body.StartsWith("6,,", StringComparison.Ordinal))
                return attempts++ == 0 ? (NetworkFault.DelayRequest, int.MaxValue) : default;
            if (emptyUpdates > 0)
                return default;
            if (isTurnTaken)
            {
                bob.Collect();
                table.DeliverNow();
            }

            // Last: the test's own thread waits for this before Bob collects again.
            emptyUpdates++;
            return (fault, 0);
        };
        var ninth = ann.SendAsync(Turn(8));
        await TestWait.UntilAsync(() => emptyUpdates > 0, "she collects");
        bob.Collect();
        await AssertTakenAsync(ninth);
        table.DeliverNow();
        await ClientPair.SendAsync(ann, Text(9));
        bob.Collect();
        Assert.That(Numbers(bob.Read), Is.EqualTo(Enumerable.Range(0, 10)));
        Assert.That(Numbers(await ClientPair.ReadAsync(ann, 8)), Is.EqualTo(Enumerable.Range(0, 8)));
        bob.Send("last");
        Assert.That(await ClientPair.ReadAsync(ann, 1), Is.EqualTo(new[] { "last" }));
    }

    [Test]
    public async Task Two_floods_arrive_once_and_in_order_on_a_network_with_unbounded_delays(
        [Range(1, 40)] int seed)
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        var random = new Random(seed);
        var share = 0.1 + (0.5 * random.NextDouble());
        table.Plan = _ => random.NextDouble() < share
            ? (UnreliableTable.Faults[random.Next(UnreliableTable.Faults.Length)],
                random.Next(1, random.Next(2) == 0 ? 10 : 200))
            : default;
        await using var ann = table.Play(seats[0]);
        await using var bob = table.Play(seats[1]);
        const int Count = 60;
        var sends = new[] { ann, bob }.SelectMany(game =>
            Enumerable.Range(0, Count).Select(i => game.SendAsync(Turn(i))));
        var all = Task.WhenAll(sends.ToList());
        // Every other seed reads only once a turn was refused, or both inboxes are full.
        var before = -1;
        if (seed % 2 == 0)
        {
            await TestWait.UntilAsync(() => table.Refused >= 5 || before == (before = table.Log.Count),
                "the senders are blocked");
        }

        var read = await Task.WhenAll(ClientPair.ReadAsync(ann, Count), ClientPair.ReadAsync(bob, Count));
        Assert.That(read.Select(Numbers), Has.All.EqualTo(Enumerable.Range(0, Count)), $"seed {seed}");
        Assert.That(await all.WaitAsync(TestWait.Timeout), Has.All.Null);
        table.Plan = _ => default;
        table.DeliverNow();
        await ClientPair.SendAsync(ann, "end");
        await ClientPair.SendAsync(bob, "end");
        Assert.That((await ClientPair.ReadAsync(ann, 1))[0] + (await ClientPair.ReadAsync(bob, 1))[0],
            Is.EqualTo("endend"), "no turn came twice");
    }

    private static Func<string, (NetworkFault, int)> LateOnce()
    {
        var attempts = 0;
        return _ => attempts++ == 0 ? (NetworkFault.DelayRequest, int.MaxValue) : default;
    }

    private static string Text(int number) => $"{number:000000}{new string('.', TurnLength - 6)}";

    private static IEnumerable<int> Numbers(IEnumerable<string> turns) => turns.Select(turn => int.Parse(turn[..6]));

    private static byte[] Turn(int number) => ClientPair.Bytes(Text(number));

    private static byte[] Update((string Key, string Number) seat, int counter, string turn = "") =>
        ClientPair.Bytes($"6,{turn},{seat.Key},{seat.Number},{counter}");

    private static string[] Turns(string reply) =>
        reply.StartsWith("0/9/", StringComparison.Ordinal) ? reply[4..].Split('|') : [];

    private static async Task FillAsync(TurnGame game, int turns = 8)
    {
        for (var i = 0; i < turns; i++)
            await ClientPair.SendAsync(game, Text(i));
    }

    private static async Task AssertTakenAsync(Task<TurnFault?> send) =>
        Assert.That(await send.WaitAsync(TestWait.Timeout), Is.Null);

    // Like Ann's client while a turn is refused: acknowledges nothing until Collect.
    private sealed class StuckPartner(UnreliableTable table, (string Key, string Number) seat)
    {
        private int _counter;
        private string[] _block = [];

        public List<string> Read { get; } = [];

        public void Fill()
        {
            for (var i = 0; i < 8; i++)
                _block = Turns(Ask(Text(i), 0));
        }

        public void Collect()
        {
            Read.AddRange(_block);
            _block = Turns(Ask("", null));
            Read.AddRange(_block);
            _block = [];
        }

        public void Send(string turn) => Ask(turn, null);

        private string Ask(string turn, int? received) => table.Ask(Update(seat, _counter++, turn), received)!;
    }
}
