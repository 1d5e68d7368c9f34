using System.Text;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>A game is saved as text, and resumed by another process (PROTOCOL.md, "Coming back").</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ComingBackTests
{
    [Test]
    public async Task Two_players_who_crash_at_any_moment_lose_and_repeat_no_turn([Range(1, 40)] int seed)
    {
        const int Turns = 30;
        var table = new UnreliableTable();
        var seats = table.StartGame();
        var random = new Random(seed);
        var share = 0.5 * random.NextDouble();
        var plans = new Random(seed);
        table.Plan = _ => plans.NextDouble() < share
            ? (UnreliableTable.Faults[plans.Next(UnreliableTable.Faults.Length)], plans.Next(1, 40))
            : default;
        var players = seats.Select(seat => new CrashingPlayer(table, seat, random.Next(), Turns)).ToArray();
        var done = new TaskCompletionSource();
        var playing = players.Select(player => player.PlayAsync(done.Task)).ToArray();
        await TestWait.UntilAsync(() => Array.TrueForAll(players, player => player.IsDone)
            || playing.Any(play => play.IsFaulted), $"both have read {Turns} turns, seed {seed}");
        done.SetResult();
        await Task.WhenAll(playing);
        Assert.That(players.Select(player => player.Read), Has.All.EqualTo(Enumerable.Range(0, Turns)), $"seed {seed}");
        Assert.That(players.Sum(player => player.Crashes), Is.GreaterThan(0));
    }

    [Test]
    public async Task Turns_that_came_after_the_last_save_are_counted_as_missed()
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        await using var bob = table.Play(seats[1]);
        string saved;
        await using (var ann = table.Play(seats[0]))
        {
            saved = ann.Save();
            await ClientPair.SendAsync(bob, "b0");
            await ClientPair.SendAsync(bob, "b1");
            Assert.That(await ClientPair.ReadAsync(ann, 2), Is.EqualTo(new[] { "b0", "b1" }));
            await ClientPair.SendAsync(ann, "a0");
        }

        await using var resumed = await table.ResumeAsync(saved);
        Assert.That(resumed.Missed, Is.EqualTo(2));
        await ClientPair.SendAsync(bob, "b2");
        resumed.Saved(resumed.Save());
        Assert.That(await ClientPair.ReadAsync(resumed, 1), Is.EqualTo(new[] { "b2" }));
    }

    [Test]
    public async Task Save_with_the_next_turn_sends_it_although_the_process_ends_before()
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        string saved;
        await using (var ann = table.Play(seats[0]))
            saved = ann.Save(ClientPair.Bytes("é2e4"));
        await using var resumed = await table.ResumeAsync(saved);
        await using var bob = table.Play(seats[1]);
        Assert.That(await ClientPair.ReadAsync(bob, 1), Is.EqualTo(new[] { "é2e4" }));
    }

    [Test]
    public async Task Resume_of_a_game_that_is_over_says_so()
    {
        var table = new UnreliableTable();
        var seats = table.StartGame();
        string saved;
        await using (var ann = table.Play(seats[0]))
        {
            saved = ann.Save();
            await ann.QuitAsync();
        }

        var resumed = await TurnGame.ResumeAsync(table.Connect(), saved);
        Assert.That(resumed.Fault?.Error, Is.EqualTo(ErrorCode.NoPlayerSelf));
    }

    [Test]
    public void A_saved_game_is_one_line_of_JSON_with_these_names()
    {
        var table = new UnreliableTable();
        var (key, _) = table.StartGame()[1];
        var game = table.Play((key, "0"));
        Assert.That(game.Save(ClientPair.Bytes("e2-e4 \"é\"")), Is.EqualTo("{\"version\":1,\"url\":\"http://table/\","
            + $"\"key\":\"{key}\",\"seat\":0,\"partner\":\"partner\",\"isHost\":true,\"counter\":-1,\"taken\":0,"
            + "\"last\":[],\"unsent\":[\"e2-e4 \\\"é\\\"\"],\"received\":0,\"unread\":[]}"));
    }

    [TestCase("", "not a saved game")]
    [TestCase("null", "it is null")]
    [TestCase("{}", "version")]
    [TestCase("{\"version\":2", "not a saved game")]
    [TestCase("VERSION:2", "its version is 2, not 1")]
    [TestCase("KEY:x", "its key or seat")]
    [TestCase("SEAT:2", "its key or seat")]
    [TestCase("TAKEN:-1", "its counts")]
    [TestCase("COUNTER:-2", "its counts")]
    [TestCase("UNSENT:a|b", "one of its turns")]
    [TestCase("URL:ftp://x/", "http")]
    public void ResumeAsync_OfAnotherText_NamesTheFault(string text, string fault)
    {
        var (name, value) = (text.Split(':')[0], text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        var saved = char.IsAsciiLetterUpper(text.FirstOrDefault())
            ? $$"""
              {"version":{{Or("VERSION", "1")}},"url":"{{Or("URL", "http://h/")}}","key":"{{Or("KEY", "1")}}",
              "seat":{{Or("SEAT", "0")}},"partner":"p","isHost":true,"counter":{{Or("COUNTER", "0")}},
              "taken":{{Or("TAKEN", "0")}},"last":[],"unsent":["{{Or("UNSENT", "x")}}"],"received":0,"unread":[]}
              """
            : text;
        using var http = TurnClient.CreateHttp();
        Assert.That(() => TurnGame.ResumeAsync(http, saved),
            Throws.TypeOf<FormatException>().With.Message.Contains(fault));

        string Or(string which, string usual) => which == name ? value : usual;
    }

    /// <summary>
    /// Sends numbered turns and reads the partner's. It stores its state and its game together, crashes at any moment,
    /// and comes back from what it has stored.
    /// </summary>
    private sealed class CrashingPlayer(UnreliableTable table, (string Key, string Number) seat, int seed, int turns)
    {
        private readonly Random _random = new(seed);
        private TurnGame _game = table.Play(seat, savesEachTurn: true);
        private (string Text, int Sent, int[] Read) _stored;
        private int _sent;
        private List<int> _read = [];
        private volatile bool _isDone;

        public bool IsDone => _isDone;

        public IReadOnlyList<int> Read => _stored.Read;

        public int Crashes { get; private set; }

        public async Task PlayAsync(Task done)
        {
            Store();
            while (!done.IsCompleted)
            {
                if (_sent < turns && _random.Next(2) == 0)
                    await SendAsync();
                else
                    await ReadAsync();
                if (_random.Next(6) == 0)
                    await CrashAsync();
                // Also when the partner repeats a turn, it is read here.
                _isDone = _stored.Sent >= turns && _stored.Read.Length >= turns;
            }

            await _game.DisposeAsync();
        }

        private async Task SendAsync()
        {
            var turn = Encoding.UTF8.GetBytes($"{_sent}");
            _sent++;
            Store(turn);
            if (_random.Next(6) == 0)
                await CrashAsync();
            else
                await _game.PostAsync(turn);
        }

        private async Task ReadAsync()
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(2));
            try
            {
                await foreach (var turn in _game.ReceiveAsync(timeout.Token))
                {
                    _read.Add(int.Parse(Encoding.UTF8.GetString(turn.Span)));
                    if (_random.Next(6) == 0)
                        await CrashAsync();
                    else
                        Store();
                    return;
                }

                Assert.Fail($"The game ended: {_game.Ended}");
            }
            catch (OperationCanceledException)
            {
                // Nothing has come.
            }
        }

        private void Store(ReadOnlyMemory<byte> next = default)
        {
            _stored = (_game.Save(next), _sent, [.. _read]);
            _game.Saved(_stored.Text);
        }

        private async Task CrashAsync()
        {
            Crashes++;
            await _game.DisposeAsync();
            _game = await table.ResumeAsync(_stored.Text);
            (_sent, _read) = (_stored.Sent, [.. _stored.Read]);
        }
    }
}
