using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>What a player makes of the replies it gets.</summary>
internal sealed partial class SimPlayer
{
    /// <summary>Takes a reply. One to a request that the player has given up tells it nothing.</summary>
    public void Receive(Request request, byte[] bytes)
    {
        if (Find(request.Errand) is not { } errand)
            return;
        errand.Settle();
        if (errand != _errand || (errand.IsAnswered && request.Symbol != Symbol.GameUpdate))
            return;
        var reply = ReplyText.Read(bytes);
        switch (request.Symbol)
        {
            case Symbol.Register: HearRegistered(errand, reply); break;
            case Symbol.Unregister or Symbol.GameQuit: HearLeft(errand, reply); break;
            case Symbol.GameUpdate: HearUpdate(errand, reply); break;
            default: HearBeforeGame(errand, request, reply); break;
        }
    }

    private void HearRegistered(Errand errand, in ReplyText reply)
    {
        errand.IsAnswered = true;
        IsCrowdedOut = reply.Error is 11 or 22;
        if (reply is not { Error: 0, Code: (int)ReplyCode.RegisterOk })
        {
            Wonder(reply, IsCrowdedOut, "to a registration");
            return;
        }

        _key = reply.Text;
        Stage = Stage.Registered;
        judge.NoteKey(_key, isSeat: false, this);
    }

    private void HearLeft(Errand errand, in ReplyText reply)
    {
        errand.IsAnswered = true;
        Wonder(reply, reply is { Error: 0, Code: (int)ReplyCode.UnregisterOk } or { Error: 5 or 13 or 14 },
            "to one who leaves");
        GoOut();
    }

    private void HearBeforeGame(Errand errand, Request request, in ReplyText reply)
    {
        errand.IsAnswered = true;
        switch (reply.Error)
        {
            case 0:
                HearStep(request, reply);
                return;
            case 9:
                Stage = Stage.Registered;
                return;
            case 12:
                IsCrowdedOut = true;
                break;
            case 17:
                Wonder(reply, temper.Wanted is not null, "to one who named nobody");
                break;
            default:
                // Its own request of long ago may have come out of step, if it repeats them early.
                Wonder(reply, reply.Error == 5 || (reply.Error == 10 && !IsPatient), "before the game");
                break;
        }

        GoOut();
    }

    private void HearStep(Request request, in ReplyText reply)
    {
        switch (request.Symbol, (ReplyCode)reply.Code)
        {
            case (Symbol.RequestPair, ReplyCode.Pairing):
            case (Symbol.MapReady, ReplyCode.PartnerLoad):
                return;
            case (Symbol.RequestPair, ReplyCode.StartServer or ReplyCode.StartClient):
                Stage = Stage.Paired;
                judge.CheckPartner(this, reply.Text);
                return;
            case (Symbol.MapInit, ReplyCode.InitServer or ReplyCode.InitClient):
                Stage = Stage.Loading;
                return;
            case (Symbol.MapReady, ReplyCode.StartPlay):
                StartGame(reply.Text);
                return;
            default:
                Wonder(reply, false, $"to a {(int)request.Symbol}");
                return;
        }
    }

    private void StartGame(string data)
    {
        var bar = data.IndexOf('|', StringComparison.Ordinal);
        _seatKey = data[..bar];
        _seat = data[bar + 1] - '0';
        Stage = Stage.Playing;
        (_counter, _have, _unconfirmed, _behind, _hasUpdated) = (-1, 0, null, null, false);
        Log = new GameLog(id, ++_games, temper.Behaves);
        judge.NoteGame(Log);
        judge.NoteKey(_seatKey, isSeat: true, this);
        judge.TaintIfShared(_key, this);
    }

    private void HearUpdate(Errand errand, in ReplyText reply)
    {
        switch (reply.Error)
        {
            case 0:
                HearTaken(errand, (ReplyCode)reply.Code, reply.Data);
                return;
            case 18 or 19 or 21 when errand.IsTaken:
                // To a copy that was there before the one that was taken.
                return;
            case 19 when errand.WasAhead:
                return;
            case 18 when _behind is not null:
                GoOnToBehind();
                return;
            case 19 when _unconfirmed is not null:
                // The one before never arrived: it goes first after all, and this one again behind it.
                errand.WasAhead = true;
                (_behind, _errand, _unconfirmed) = (_errand, _unconfirmed, null);
                _counter--;
                return;
            case 21:
                HearFull(errand);
                return;
            case 15:
                if (_behind is null)
                    Log!.HearPartnerLeft();
                errand.IsAnswered = true;
                _isLeaving = true;
                return;
            default:
                Wonder(reply, reply.Error is 13 or 14, "to an update");
                GoOut();
                return;
        }
    }

    private void HearTaken(Errand errand, ReplyCode code, byte[] turns)
    {
        errand.IsAnswered = true;
        if (_behind is not null)
        {
            // What this reply hands out is not looked at: the next update says so, and it comes again.
            GoOnToBehind();
            return;
        }

        _unconfirmed = null;
        if (!errand.IsTaken)
        {
            errand.IsTaken = true;
            _counter = errand.Request.Counter;
            Log!.Confirm();
        }

        // A lone * may be a turn: then it comes again, as it is not said to have arrived.
        var isEmpty = code == ReplyCode.GameNoData || (code == ReplyCode.GameRedundant && turns is [(byte)'*']);
        if (!isEmpty && turns.Length > errand.Have)
        {
            Log!.Receive(turns.AsSpan(errand.Have == 0 ? 0 : errand.Have + 1), judge.FindGame);
            errand.Have = turns.Length;
        }

        _have = errand.Have;
    }

    private void GoOnToBehind()
    {
        _errand = _behind;
        _behind = null;
        _counter++;
    }

    // Not taken; and if no copy of it can come yet, the counter is free for an update that collects.
    private void HearFull(Errand errand)
    {
        if (errand.InFlight > 0 || !errand.WasAlone)
            return;
        Log!.Withdraw();
        _unconfirmed = null;
        _errand = Start(Update([], _have));
    }

    private void GoOut()
    {
        Stage = Stage.Out;
        (_unconfirmed, _behind, _isLeaving) = (null, null, false);
        if (_errand is not null)
            _errand.IsAnswered = true;
    }

    private void Wonder(in ReplyText reply, bool isRight, string to)
    {
        if (isRight)
            return;
        if (temper.Behaves && !judge.IsShared(_key, _seatKey))
        {
            throw new Discrepancy($"no such reply {to} of player {id}, which behaves",
                $"{reply.Error}/{reply.Second}/{Printable.Of(reply.Data)}");
        }

        GoOut();
    }
}
