using TurnServer.Rules;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>Symbols 5 and 6 (PROTOCOL.md, "The game", "Saying what has arrived").</summary>
internal sealed partial class ModelTable
{
    private const int BacklogBytesMax = 131_072;

    private void Quit(Request request)
    {
        if (FindSeat(request) is not { } seat)
            return;
        Leave(seat, hasQuit: true);
        Reply(request.Ticket, Wire.Unregistered);
    }

    private void Update(Request request, TimeSpan wait)
    {
        if (FindSeat(request) is not { } seat)
            return;
        if (request.Counter == seat.Last)
        {
            seat.Block.AddRange(seat.Waiting);
            seat.Waiting.Clear();
            ReplyBlock(request.Ticket, seat, isRedundant: true, wait);
            return;
        }

        if (request.Counter < seat.Last)
        {
            ReplyWrongCounter(request.Ticket, Wire.Behind, seat);
            return;
        }

        if (request.Counter > seat.Last + 1)
        {
            ReplyWrongCounter(request.Ticket, Wire.Ahead, seat);
            return;
        }

        var goesToPartner = request.Data.Length > 0 && !seat.Partner.HasLeft;
        if (goesToPartner)
        {
            var bytes = seat.Partner.Bytes;
            if ((bytes == 0 ? 0 : bytes + 1) + request.Data.Length > BacklogBytesMax)
            {
                Reply(request.Ticket, Wire.BacklogFull);
                return;
            }
        }

        seat.Last = request.Counter;
        seat.Taken += CountTurns(request.Data);
        Acknowledge(seat, request.Received);
        seat.Block = seat.Waiting;
        seat.Waiting = [];
        if (goesToPartner)
            Deliver(request.Data, seat.Partner);
        ReplyBlock(request.Ticket, seat, isRedundant: false, wait);
    }

    private void ReplyWrongCounter(long ticket, byte[] refusal, ModelSeat seat)
    {
        Reply(ticket, refusal);
        _headers.Add(ticket, $"Turn-Counter: {seat.Last} {Totals(seat)}");
    }

    private static string Totals(ModelSeat seat) =>
        $"Turns-Taken: {seat.Taken} Turns-Acknowledged: {seat.Acknowledged} ";

    // Bars separate turns.
    private static int CountTurns(byte[] data) => data.Length == 0 ? 0 : data.Count(letter => letter == (byte)'|') + 1;

    // Turns not received in full go back to the head of the backlog.
    private static void Acknowledge(ModelSeat seat, int? received)
    {
        var end = 0L;
        var unacknowledged = new List<byte[]>();
        foreach (var turn in seat.Block)
        {
            end += turn.Length;
            if (received is { } bytes && end > bytes)
                unacknowledged.Add(turn);
            else
                seat.Acknowledged += CountTurns(turn);
            end++;
        }

        seat.Waiting.InsertRange(0, unacknowledged);
        seat.Block.Clear();
    }

    private void Deliver(byte[] turn, ModelSeat to)
    {
        _turns++;
        _turnBytes += turn.Length;
        to.Waiting.Add(turn);
        if (!to.IsHeld)
            return;
        to.Block.AddRange(to.Waiting);
        to.Waiting.Clear();
        EndHeld(to, Wire.Turns(to.HeldReply == Wire.RedundantEmpty, to.Block));
    }

    private void ReplyBlock(long ticket, ModelSeat seat, bool isRedundant, TimeSpan wait)
    {
        if (seat.Block.Count > 0)
            ReplyTo(seat, ticket, Wire.Turns(isRedundant, seat.Block));
        else if (seat.Partner.HasLeft)
            ReplyTo(seat, ticket, seat.Partner.HasQuit ? Wire.PartnerQuit : Wire.PartnerSilent);
        else
            ReplyOrHold(ticket, seat, isRedundant ? Wire.RedundantEmpty : Wire.NoData, wait);
    }

    private void Leave(ModelSeat seat, bool hasQuit)
    {
        if (!hasQuit)
            _drops[(int)DropCause.SilentPlaying]++;
        seat.HasLeft = true;
        seat.HasQuit = hasQuit;
        seat.Block.Clear();
        seat.Waiting.Clear();
        EndRegistration(seat);
        if (seat.Partner.HasLeft)
        {
            _seats.Remove(seat);
            _seats.Remove(seat.Partner);
            return;
        }

        EndHeld(seat.Partner, hasQuit ? Wire.PartnerQuit : Wire.PartnerSilent);
    }

    private ModelSeat? FindSeat(Request request)
    {
        var seat = TryReadKey(request.Key, out var key) ? _seats.Find(candidate => candidate.Key == key) : null;
        if (seat is null)
        {
            Reply(request.Ticket, Wire.NoGame);
            return null;
        }

        if (seat.Number != request.Seat || seat.HasLeft)
        {
            Reply(request.Ticket, Wire.NoSelf);
            return null;
        }

        NoteHeard(seat);
        EndRegistration(seat);
        return seat;
    }

    // The first symbol 5 or 6 ends the registration, and so does the end of the seat.
    private void EndRegistration(ModelSeat seat)
    {
        if (seat.Player is { } player)
            _players.Remove(player);
        seat.Player = null;
    }
}
