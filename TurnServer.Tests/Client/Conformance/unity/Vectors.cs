using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace TurnServer.Client.Conformance
{
    /// <summary>Plays the vectors against the rules for a seat.</summary>
    internal sealed class Vectors
    {
        private readonly Dictionary<string, string> _outcomes = new Dictionary<string, string>();
        private TurnOptions _options;
        private SavedGame _start;
        private SeatMachine _machine;
        private TimeSpan _now;

        public void Run(TextReader input)
        {
            for (string line; (line = input.ReadLine()) != null;)
            {
                try
                {
                    Client.Print(Answer(line.Split(' ')));
                }
                catch (Exception e)
                {
                    Client.Print("error", Client.Encode(e.ToString()));
                }
            }
        }

        private string Answer(string[] fields)
        {
            switch (fields[0])
            {
                case "new":
                    Begin(fields);
                    return "ok";
                case "resume":
                    _start = _start.With(long.Parse(fields[1], CultureInfo.InvariantCulture),
                        long.Parse(fields[2], CultureInfo.InvariantCulture), Client.DecodeList(fields[4]),
                        Client.DecodeList(fields[5]), long.Parse(fields[3], CultureInfo.InvariantCulture),
                        Client.DecodeList(fields[6]));
                    // As a resumed game gets it.
                    _machine = new SeatMachine(SavedGame.Read(_start.Write()), isResumed: true, _options);
                    return "ok";
                case "next":
                    return Next();
                case "read":
                    var read = new List<string>();
                    while (_machine.Inbox.Unread.Count > 0)
                        read.Add(_machine.Inbox.Take());
                    _machine.Inbox.IsReading &= read.Count == 0;
                    return $"turns {Client.EncodeList(read)}";
                case "save":
                    var (outbox, inbox) = (_machine.Outbox, _machine.Inbox);
                    return $"save {_machine.Counter} {outbox.Taken} {inbox.Received} {Client.EncodeList(outbox.Last)} "
                        + $"{Client.EncodeList(outbox.Unsent)} {Client.EncodeList(inbox.Unread)}";
                case "outcome":
                    return _outcomes[Client.Decode(fields[1])];
                case "ended":
                    return $"ended {_machine.Ended?.Error ?? 0}";
                case "missed":
                    return $"missed {_machine.Missed}";
                default:
                    Act(fields);
                    Settle();
                    return "ok";
            }
        }

        private void Begin(string[] fields)
        {
            _options = new TurnOptions
            {
                Wait = Client.Seconds(fields[3]),
                KeepAlive = Client.Seconds(fields[4]),
                PollInterval = Client.Seconds(fields[5]),
                SavesEachTurn = fields[6] == "1",
            };
            _start = SavedGame.Begin("http://localhost/", new Pairing("Bob", true), fields[1],
                int.Parse(fields[2], CultureInfo.InvariantCulture));
            _machine = new SeatMachine(_start, isResumed: false, _options);
            _now = TimeSpan.Zero;
            _outcomes.Clear();
        }

        private void Act(string[] fields)
        {
            switch (fields[0])
            {
                case "send":
                    var turn = Client.Decode(fields[1]);
                    _outcomes[turn] = "pending";
                    _machine.Outbox.Put(new OutgoingTurn(turn,
                        fault => _outcomes[turn] = fault == null ? "taken" : "refused"));
                    break;
                case "post":
                    _machine.Outbox.Put(new OutgoingTurn(Client.Decode(fields[1])));
                    break;
                case "receive":
                    _machine.Inbox.IsReading = true;
                    break;
                case "quit":
                    _machine.Outbox.IsLast = true;
                    break;
                case "saved":
                    _machine.NoteSaved(_machine.Inbox.Received);
                    break;
                case "elapse":
                    _now += Client.Seconds(fields[1]);
                    break;
                case "reply":
                    _machine.Complete(Read(fields), _now);
                    break;
                case "unreachable":
                    _machine.Complete(new RequestOutcome(null,
                        new TurnFault(TurnFaultKind.Unreachable, "lost")), _now);
                    break;
                case "abandon" when _machine.ShouldAbandon:
                    _machine.Abandon(_now);
                    break;
                default:
                    throw new ArgumentException(fields[0]);
            }
        }

        private string Next()
        {
            var step = _machine.Next(_now);
            Settle();
            if (step.Request != null)
            {
                var received = step.Request.ReceivedBytes is int bytes ? $"{bytes}" : "-";
                return $"request {Client.Encode(step.Request.Body)} {step.Request.Wait.TotalSeconds} {received}";
            }

            if (step.Pause is TimeSpan pause)
                return $"pause {pause.TotalSeconds.ToString(CultureInfo.InvariantCulture)}";
            _machine.Outbox.Drop(_machine.Ended ?? TurnFault.Of(TurnFault.PlayerLeft));
            Settle();
            return "stop";
        }

        private static RequestOutcome Read(string[] fields)
        {
            var reply = ServerReply.Parse(Client.Decode(fields[1]));
            reply.IsHeld = fields[2] == "1";
            reply.TurnCounter = Number(fields[3]);
            reply.SetTotals(Number(fields[4]), Number(fields[5]));
            return new RequestOutcome(reply, reply.Error == 0 ? null : TurnFault.Of(reply.Error, reply.Detail));
        }

        private static long? Number(string field) =>
            field == "-" ? (long?)null : long.Parse(field, CultureInfo.InvariantCulture);

        private void Settle()
        {
            foreach (var call in _machine.Outbox.TakeSettled())
                call();
        }
    }
}
