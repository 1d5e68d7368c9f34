using System.Text;
using System.Text.Json;
using TurnServer.Client;
using TurnServer.Protocol;

namespace TurnServer.Tests.Client;

/// <summary>
/// Plays Vectors/seat.json against the C# client's rules for a seat. A client in another language can play the same
/// file: Vectors/README.md describes it.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SeatVectorTests
{
    private static readonly IEnumerable<TestCaseData> Cases =
        SeatVectors.All.Select(vector => new TestCaseData(vector).SetName(vector.Name));

    [TestCaseSource(nameof(Cases))]
    public async Task Vector(SeatVector vector)
    {
        var seat = new Seat(vector);
        foreach (var (step, number) in vector.Steps.EnumerateArray().Select((step, i) => (step, i + 1)))
        {
            try
            {
                await seat.PlayAsync(step);
            }
            catch (Exception e)
            {
                Assert.Fail($"step {number}, {step.GetRawText()}: {e.Message}");
            }
        }
    }

    private sealed class Seat
    {
        private readonly Outbox _outbox;
        private readonly Inbox _inbox;
        private readonly SeatMachine _machine;
        private readonly Dictionary<string, TaskCompletionSource<TurnFault?>> _sent = [];
        private Task _reading = Task.CompletedTask;
        private TimeSpan _now;

        public Seat(SeatVector vector)
        {
            var game = vector.Saved is { } saved ? Game(saved) : null;
            _outbox = new Outbox(new WakeSignal(), game?.Outbox);
            _inbox = new Inbox(new WakeSignal(), game?.Inbox);
            _machine = new SeatMachine(new SeatRequests("17", "0"), _outbox, _inbox, new TurnClientOptions
            {
                Wait = Seconds(vector.Wait),
                KeepAlive = Seconds(vector.KeepAlive),
                PollInterval = Seconds(vector.PollInterval),
                SavesEachTurn = vector.SavesEachTurn,
            });
            if (game is not null)
                _machine.Resume(game);
        }

        // The counts and turns of a saved game; the rest is the same for all.
        private static SavedGame Game(JsonElement saved)
        {
            const string Others = "\"version\":1,\"url\":\"http://localhost/\",\"key\":\"17\",\"seat\":0,"
                + "\"partner\":\"Bob\",\"isHost\":true}";
            return SavedGame.Read($"{SeatVectors.Expand(saved.GetRawText()).TrimEnd('}')},{Others}");
        }

        public async Task PlayAsync(JsonElement step)
        {
            var kind = step.EnumerateObject().First();
            if (kind.Name is "send" or "post")
                await PutAsync(SeatVectors.Expand(kind.Value), isSent: kind.Name == "send");
            else if (kind.Name == "read")
                await ReadAsync([.. kind.Value.EnumerateArray().Select(SeatVectors.Expand)]);
            else
                Play(kind.Name, kind.Value, step);
        }

        private void Play(string name, JsonElement value, JsonElement step)
        {
            switch (name)
            {
                case "receive":
                    _reading = _inbox.WaitAsync(default).AsTask();
                    break;
                case "quit":
                    _outbox.Finish();
                    break;
                case "saved":
                    _machine.NoteSaved(_inbox.GetContent().Received);
                    break;
                case "elapse":
                    _now += Seconds(value);
                    break;
                case "reply":
                    var wasHeld = step.TryGetProperty("held", out var held) && held.GetBoolean();
                    var text = Encoding.UTF8.GetBytes(SeatVectors.Expand(value));
                    Assert.That(ServerReply.TryParse(text, wasHeld, out var reply));
                    reply = reply with
                    {
                        TurnCounter = Number(step, "turn-counter"),
                        Totals = Number(step, "turns-taken") is { } taken
                            ? new TurnTotals(taken, Number(step, "turns-acknowledged")!.Value)
                            : null,
                    };
                    _machine.Complete(new RequestOutcome(reply, reply.Error == ErrorCode.None
                        ? null
                        : TurnFault.Of(reply.Error, reply.Detail)), _now);
                    break;
                case "unreachable":
                    _machine.Complete(new RequestOutcome(default, new TurnFault(TurnFaultKind.Unreachable, "lost")),
                        _now);
                    break;
                case "abandon":
                    Assert.That(_machine.ShouldAbandonHeldReply);
                    _machine.Abandon(_now);
                    break;
                default:
                    Check(name, value, step);
                    break;
            }
        }

        private void Check(string name, JsonElement value, JsonElement step)
        {
            switch (name)
            {
                case "request":
                    CheckRequest(SeatVectors.Expand(value), step);
                    break;
                case "pause":
                    var pause = new SeatStep(SeatStepKind.Pause, Pause: Seconds(value));
                    Assert.That(_machine.Next(_now), Is.EqualTo(pause));
                    break;
                case "stop":
                    Assert.That(_machine.Next(_now).Kind, Is.EqualTo(SeatStepKind.Stop));
                    _machine.Close(bug: null);
                    break;
                case "save":
                    CheckSaved(value);
                    break;
                case "ended":
                    Assert.That((int)(_machine.Ended?.Error ?? ErrorCode.None), Is.EqualTo(value.GetInt32()));
                    break;
                case "missed":
                    Assert.That(_machine.Missed, Is.EqualTo(value.GetInt64()));
                    break;
                case "taken" or "refused" or "pending":
                    foreach (var turn in value.EnumerateArray())
                        Assert.That(Outcome(SeatVectors.Expand(turn)), Is.EqualTo(name), turn.GetString());
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(name), name, "not a kind of step");
            }
        }

        private void CheckSaved(JsonElement expected)
        {
            var (outbox, inbox) = (_outbox.GetContent(), _inbox.GetContent());
            Assert.That((_machine.Counter, outbox.Taken, inbox.Received),
                Is.EqualTo((Number(expected, "counter"), Number(expected, "taken"), Number(expected, "received"))));
            Assert.That(SavedGame.Texts(outbox.Last), Is.EqualTo(Turns("last")), "last");
            Assert.That(SavedGame.Texts(outbox.Unsent), Is.EqualTo(Turns("unsent")), "unsent");
            Assert.That(SavedGame.Texts(inbox.Unread), Is.EqualTo(Turns("unread")), "unread");

            IEnumerable<string> Turns(string name) =>
                expected.GetProperty(name).EnumerateArray().Select(SeatVectors.Expand);
        }

        private void CheckRequest(string body, JsonElement step)
        {
            var next = _machine.Next(_now);
            Assert.That(next.Kind, Is.EqualTo(SeatStepKind.Send));
            var sent = Encoding.UTF8.GetString(next.Request.Body.Span);
            Assert.That(sent == body, $"it sends {sent[..Math.Min(sent.Length, 40)]} ({sent.Length} bytes)");
            var wait = step.TryGetProperty("wait", out var seconds) ? Seconds(seconds) : TimeSpan.Zero;
            Assert.That(next.Request.Wait, Is.EqualTo(wait), "Prefer: wait");
            int? received = step.TryGetProperty("received", out var bytes) ? bytes.GetInt32() : null;
            Assert.That(next.Request.ReceivedBytes, Is.EqualTo(received), "Turn-Received");
        }

        private static long? Number(JsonElement step, string header) =>
            step.TryGetProperty(header, out var number) ? number.GetInt64() : null;

        private async Task PutAsync(string turn, bool isSent)
        {
            var taken = isSent ? new TaskCompletionSource<TurnFault?>() : null;
            if (taken is not null)
                _sent.Add(turn, taken);
            var outgoing = new OutgoingTurn(Encoding.UTF8.GetBytes(turn), taken, EndsGame: !isSent);
            Assert.That(await _outbox.PutAsync(outgoing, default));
        }

        private async Task ReadAsync(List<string> expected)
        {
            // A reader that has been handed a turn no longer waits.
            await _reading;
            var turns = new List<string>();
            while (_inbox.TryTake(out var turn))
                turns.Add(Encoding.UTF8.GetString(turn.Span));
            Assert.That(turns.SequenceEqual(expected), $"it delivers {turns.Count} turns");
        }

        private string Outcome(string turn)
        {
            var taken = _sent[turn].Task;
            return !taken.IsCompletedSuccessfully ? "pending" : taken.Result is null ? "taken" : "refused";
        }

        private static TimeSpan Seconds(JsonElement value) => Seconds(value.GetDecimal());

        private static TimeSpan Seconds(decimal value) => TimeSpan.FromTicks((long)(value * TimeSpan.TicksPerSecond));
    }
}
