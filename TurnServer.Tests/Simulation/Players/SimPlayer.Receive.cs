using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>Handling of replies.</summary>
internal sealed partial class SimPlayer
{
    /// <summary>Handles a reply. Replies to abandoned requests are ignored.</summary>
    public void Receive(Request request, byte[] bytes)
    {
        if (Find(request.Operation) is not { } operation)
            return;
        operation.Complete();
        if (operation != _operation || (operation.IsAnswered && request.Symbol != Symbol.GameUpdate))
            return;
        // To an earlier copy of an update, after the reply that ended the game.
        if (request.Symbol == Symbol.GameUpdate && Stage != Stage.Playing)
            return;
        var reply = ReplyText.Read(bytes);
        switch (request.Symbol)
        {
            case Symbol.Register: OnRegistered(operation, reply); break;
            case Symbol.Unregister or Symbol.GameQuit: OnLeft(operation, reply); break;
            case Symbol.GameUpdate: OnUpdate(operation, reply); break;
            default: OnBeforeGame(operation, request, reply); break;
        }
    }

    private void OnRegistered(Operation operation, in ReplyText reply)
    {
        operation.IsAnswered = true;
        IsRefusedByLimit = reply.Error is 11 or 22;
        if (reply is not { Error: 0, Code: (int)ReplyCode.RegisterOk })
        {
            Expect(reply, IsRefusedByLimit, "to a registration");
            return;
        }

        _key = reply.Text;
        Stage = Stage.Registered;
        invariants.NoteKey(_key, isSeat: false, this);
    }

    private void OnLeft(Operation operation, in ReplyText reply)
    {
        operation.IsAnswered = true;
        Expect(reply, reply is { Error: 0, Code: (int)ReplyCode.UnregisterOk } or { Error: 5 or 13 or 14 },
            "to a player who leaves");
        Reset();
    }

    private void OnBeforeGame(Operation operation, Request request, in ReplyText reply)
    {
        operation.IsAnswered = true;
        switch (reply.Error)
        {
            case 0:
                OnStep(request, reply);
                return;
            case 9:
                Stage = Stage.Registered;
                return;
            case 12:
                IsRefusedByLimit = true;
                break;
            case 17:
                Expect(reply, profile.Wanted is not null, "to a player who accepts anyone");
                break;
            default:
                // Without waiting for replies, a late copy of its own request may be out of step.
                Expect(reply, reply.Error == 5 || (reply.Error == 10 && !IsPatient), "before the game");
                break;
        }

        Reset();
    }

    private void OnStep(Request request, in ReplyText reply)
    {
        switch (request.Symbol, (ReplyCode)reply.Code)
        {
            case (Symbol.RequestPair, ReplyCode.Pairing):
            case (Symbol.MapReady, ReplyCode.PartnerLoad):
                return;
            case (Symbol.RequestPair, ReplyCode.StartServer or ReplyCode.StartClient):
                Stage = Stage.Paired;
                invariants.CheckPartner(this, reply.Text);
                return;
            case (Symbol.MapInit, ReplyCode.InitServer or ReplyCode.InitClient):
                Stage = Stage.Loading;
                return;
            case (Symbol.MapReady, ReplyCode.StartPlay):
                StartGame(reply.Text);
                return;
            default:
                Expect(reply, false, $"to a {(int)request.Symbol}");
                return;
        }
    }

    private void StartGame(string data)
    {
        var bar = data.IndexOf('|', StringComparison.Ordinal);
        _seatKey = data[..bar];
        _seat = data[bar + 1] - '0';
        Stage = Stage.Playing;
        (_counter, _received, _unconfirmed, _following, _hasUpdated) = (-1, 0, null, null, false);
        Log = new GameLog(id, ++_games, profile.Behaves);
        invariants.NoteGame(Log);
        invariants.NoteKey(_seatKey, isSeat: true, this);
        invariants.TaintIfShared(_key, this);
    }

    private void OnUpdate(Operation operation, in ReplyText reply)
    {
        switch (reply.Error)
        {
            case 0:
                OnAccepted(operation, (ReplyCode)reply.Code, reply.Data);
                return;
            case 18 or 19 or 21 when operation.IsAccepted:
                // For a copy that arrived before the accepted one.
                return;
            case 19 when operation.WasAhead:
                return;
            case 18 when _following is not null:
                SendFollowing();
                return;
            case 19 when _unconfirmed is not null:
                // The update before never arrived: repeat it first, then this one.
                operation.WasAhead = true;
                (_following, _operation, _unconfirmed) = (_operation, _unconfirmed, null);
                _counter--;
                return;
            case 21:
                OnBacklogFull(operation);
                return;
            case 15:
                if (_following is null)
                    Log!.OnPartnerLeft();
                operation.IsAnswered = true;
                _isLeaving = true;
                return;
            default:
                Expect(reply, reply.Error is 13 or 14, "to an update");
                Reset();
                return;
        }
    }

    private void OnAccepted(Operation operation, ReplyCode code, byte[] turns)
    {
        operation.IsAnswered = true;
        if (_following is not null)
        {
            // Ignores the turns in this reply: the next update does not acknowledge them, so they are sent again.
            SendFollowing();
            return;
        }

        _unconfirmed = null;
        if (!operation.IsAccepted)
        {
            operation.IsAccepted = true;
            _counter = operation.Request.Counter;
            Log!.Confirm();
        }

        // A lone * may be a turn; it is not acknowledged, so it is sent again.
        var isEmpty = code == ReplyCode.GameNoData || (code == ReplyCode.GameRedundant && turns is [(byte)'*']);
        if (!isEmpty && turns.Length > operation.Received)
        {
            Log!.Receive(turns.AsSpan(operation.Received == 0 ? 0 : operation.Received + 1), invariants.FindGame);
            operation.Received = turns.Length;
        }

        _received = operation.Received;
    }

    private void SendFollowing()
    {
        _operation = _following;
        _following = null;
        _counter++;
    }

    // Refused. If no other copy can still arrive, the counter is reused for an update that only collects.
    private void OnBacklogFull(Operation operation)
    {
        if (operation.InFlight > 0 || !operation.WasAlone)
            return;
        Log!.Withdraw();
        _unconfirmed = null;
        _operation = Start(Update([], _received));
    }

    private void Reset()
    {
        Stage = Stage.Unregistered;
        (_unconfirmed, _following, _isLeaving) = (null, null, false);
        if (_operation is not null)
            _operation.IsAnswered = true;
    }

    private void Expect(in ReplyText reply, bool isExpected, string context)
    {
        if (isExpected)
            return;
        if (profile.Behaves && !invariants.IsShared(_key, _seatKey))
        {
            throw new MismatchException($"a valid reply {context}, player {id}",
                $"{reply.Error}/{reply.Second}/{Printable.Of(reply.Data)}");
        }

        Reset();
    }
}
