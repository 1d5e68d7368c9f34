using TurnServer.Rules;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Rules;

/// <summary>A restored table behaves exactly like the original.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class TableSnapshotTests
{
    private const int Acts = 120;
    private const int AllocatedBytesMax = 4 << 20;

    private static readonly RulesOptions Options = new()
    {
        PairingTimeout = TimeSpan.FromSeconds(15),
        LongPairingTimeout = TimeSpan.FromSeconds(40),
        LoadTimeout = TimeSpan.FromSeconds(17),
        GameTimeout = TimeSpan.FromSeconds(16),
    };

    private readonly HashSet<string> _seen = [];

    [Test]
    public void A_restored_table_gives_the_same_answers_as_the_original()
    {
        for (var seed = 0UL; seed < 250; seed++)
        {
            try
            {
                PlayAndCompare(new SeededRandom(SeededRandom.Derive(7, seed)));
            }
            catch (Exception e) when (e is not AssertionException)
            {
                Assert.Fail($"Seed {seed}: {e}");
            }
        }

        string[] wanted =
        [
            .. Enum.GetNames<PlayerStatus>(), "partner drop sent", "exclusions", "token", "wants", "held player",
            "held seat", "left Quit", "left TimedOut", "block", "waiting", "block and waiting", "long", "hosts",
        ];
        Assert.That(_seen, Is.SupersetOf(wanted), "the states of the tables written");
    }

    [Test]
    public void The_highest_counter_is_restored()
    {
        var driver = new TableDriver(Options);
        StartGame(driver);
        var seats = driver.Table.Parts.Games.Seats;
        seats.First().LastCounter = long.MaxValue;
        var back = TableSnapshotText.Read(TableSnapshotText.Parts(driver.Table), Options, new SequentialKeySource());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(back.Parts.Games.Seats.Select(seat => seat.LastCounter), Is.EqualTo([long.MaxValue, -1]));
            Assert.That(TableSnapshotText.Of(back), Is.EqualTo(TableSnapshotText.Of(driver.Table)));
        }
    }

    [Test]
    public void Malformed_parts_are_refused_without_large_allocations()
    {
        var parts = TableSnapshotText.Parts(RichTable());
        var refused = 0;
        for (var index = 0; index < parts.Count; index++)
        {
            for (var at = 0; at < parts[index].Length; at++)
            {
                Assert.That(() => Read(parts, index, parts[index][..at]), Throws.TypeOf<CorruptStateException>(),
                    $"part {index} cut at {at}");
                foreach (var mask in new byte[] { 0x01, 0x40, 0x80, 0xFF })
                {
                    var flipped = parts[index].ToArray();
                    flipped[at] ^= mask;
                    refused += IsRefused(parts, index, flipped) ? 1 : 0;
                }
            }

            Assert.That(() => Read(parts, index, [.. parts[index], 0]), Throws.TypeOf<CorruptStateException>());
            Assert.That(() => Read([.. parts[..index], .. parts[(index + 1)..]], 0, null),
                Throws.TypeOf<CorruptStateException>(), $"without part {index}");
        }

        Assert.That(refused, Is.GreaterThan(400));
    }

    [Test]
    public void A_randomly_damaged_part_is_refused_or_read()
    {
        var parts = TableSnapshotText.Parts(RichTable());
        var random = new SeededRandom(11);
        for (var i = 0; i < 20_000; i++)
        {
            var index = random.Below(parts.Count);
            var other = parts[index].ToArray();
            for (var bytes = random.Between(1, 8); bytes > 0; bytes--)
            {
                var place = random.Between(1, other.Length - 1);
                other[place] = random.Of<byte>([0, 1, 0x7F, 0x80, 0xFF, (byte)random.Draw()]);
            }

            IsRefused(parts, index, other);
        }
    }

    private static bool IsRefused(List<byte[]> parts, int index, byte[] other)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var isRefused = false;
        try
        {
            var table = Read(parts, index, other);
            table.Resume(new SequentialKeySource(1000), TimeSpan.FromSeconds(1));
        }
        catch (CorruptStateException)
        {
            isRefused = true;
        }
        catch (Exception e) when (e is not AssertionException)
        {
            Assert.Fail($"part {index} as {Convert.ToHexString(other)}: {e}");
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(AllocatedBytesMax));
        return isRefused;
    }

    private static Table Read(List<byte[]> parts, int index, byte[]? other) => TableSnapshotText.Read(
        parts.Select((part, i) => i == index && other is not null ? other : part), Options, new SequentialKeySource());

    private static Table RichTable()
    {
        var table = new Table(Options, new SequentialKeySource());
        var players = new RandomPlayers(new SeededRandom(3));
        for (var act = 0; act < 200 || table.GameCount == 0 || table.PlayerCount < 2; act++)
        {
            foreach (var answer in table.Apply(players.Next(), players.Now))
                players.Receive(answer.Ticket, RandomPlayers.Text(answer.Reply));
        }

        return table;
    }

    private static void StartGame(TableDriver driver)
    {
        var (ann, bob) = (driver.Register("Ann"), driver.Register("Bob"));
        foreach (var symbol in new[] { 2, 3, 4 })
        {
            driver.Send($"{symbol},*,{ann},*,*");
            driver.Send($"{symbol},*,{bob},*,*");
        }
    }

    private void PlayAndCompare(SeededRandom random)
    {
        var players = new RandomPlayers(random);
        var keys = new CountedKeys();
        var table = new Table(Options, keys);
        Table? twin = null;
        for (var act = 0; act < Acts; act++)
        {
            if (random.Is(100))
            {
                Note(table);
                var twinKeys = new CountedKeys { Next = keys.Next };
                twin = TableSnapshotText.Read(TableSnapshotText.Parts(table), Options, twinKeys);
                Assert.That(TableSnapshotText.Of(twin), Is.EqualTo(TableSnapshotText.Of(table)));
            }

            var arrival = players.Next();
            if (table.NextDeadline <= players.Now)
                Compare(table.Tick(players.Now), twin is null ? default : twin.Tick(players.Now), twin, players);
            var answers = table.Apply(arrival, players.Now);
            Compare(answers, twin is null ? default : twin.Apply(arrival, players.Now), twin, players);
            if (twin is null)
                continue;
            Assert.That(twin.NextDeadline, Is.EqualTo(table.NextDeadline));
            Assert.That(twin.GetStatistics(), Is.EqualTo(table.GetStatistics()).UsingPropertiesComparer());
        }
    }

    private static void Compare(ReadOnlySpan<Answer> answers, ReadOnlySpan<Answer> others, Table? twin,
        RandomPlayers players)
    {
        var texts = Texts(answers);
        if (twin is not null)
            Assert.That(Texts(others), Is.EqualTo(texts));
        foreach (var (ticket, text) in texts)
            players.Receive(ticket, text);
    }

    private static List<(Ticket Ticket, string Text)> Texts(ReadOnlySpan<Answer> answers)
    {
        var texts = new List<(Ticket, string)>();
        foreach (var answer in answers)
            texts.Add((answer.Ticket, RandomPlayers.Text(answer.Reply)));
        return texts;
    }

    private void Note(Table table)
    {
        foreach (var player in table.Parts.Lobby.Players)
        {
            _seen.Add($"{player.Status}");
            Note(player.PartnerDropSent, "partner drop sent");
            Note(player.Exclusions.Count > 0, "exclusions");
            Note(player.Token is not null, "token");
            Note(player.Wanted is not null, "wants");
            Note(player.IsHeld, "held player");
            Note(player.LongTimeout, "long");
            Note(player.IsHost, "hosts");
        }

        foreach (var seat in table.Parts.Games.Seats)
        {
            var (hasBlock, hasWaiting) = (!seat.Backlog.Block.IsEmpty, seat.Backlog.HasWaiting);
            Note(seat.IsHeld, "held seat");
            Note(seat.Left is not null, $"left {seat.Left}");
            Note(hasBlock, "block");
            Note(hasWaiting, "waiting");
            Note(hasBlock && hasWaiting, "block and waiting");
        }
    }

    private void Note(bool isSo, string what)
    {
        if (isSo)
            _seen.Add(what);
    }

    private sealed class CountedKeys : IKeySource
    {
        public ulong Next { get; set; }

        public ulong Draw() => Next++;
    }
}
