using System.Globalization;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>How far a player believes to be.</summary>
internal enum Stage
{
    Out,
    Registered,
    Paired,
    Loading,
    Playing,
}

/// <summary>
/// A player who does what the protocol page asks of a client; one that misbehaves does other things besides, and is
/// not to wonder at what it gets then.
/// </summary>
internal sealed partial class SimPlayer(int id, Temper temper, World world, Judge judge)
{
    private const int MaxTurnBytes = 16_300;
    private int _errands;
    private int _games;
    private int _registrations;
    private Errand? _errand;
    private Errand? _unconfirmed;
    private Errand? _behind;
    private bool _isLeaving;
    private bool _hasUpdated;
    private string _key = "0";
    private string _seatKey = "0";
    private int _seat;
    private long _counter = -1;
    private int _have;
    private string? _token;
    private TimeSpan _sleepsUntil;

    public int Id => id;

    public Temper Temper => temper;

    public Stage Stage { get; private set; }

    public GameLog? Log { get; private set; }

    /// <summary>Whether the last that it heard was a refusal for want of room.</summary>
    public bool IsCrowdedOut { get; private set; }

    /// <summary>The pairing key it had last.</summary>
    public string PairingKey => _key;

    private bool IsPatient => !temper.SaysReceived;

    /// <summary>Whether it has no business with the server.</summary>
    public bool IsOut => Stage == Stage.Out && _errand is not { IsAnswered: false };

    /// <summary>Begins anew, as one whose program was started again, when nobody must know.</summary>
    public void Wake() => _sleepsUntil = TimeSpan.Zero;

    public void Sleep(TimeSpan until) => _sleepsUntil = until;

    /// <summary>The next request that the protocol asks for; null when there is nothing to ask.</summary>
    public Request? Behave(Chance chance, int replyFate, TimeSpan now, bool isFair = false)
    {
        if (now < _sleepsUntil)
            return null;
        if (_errand is { IsAnswered: false } open)
        {
            if (open.InFlight > 0 && (IsPatient || (isFair && open.Request.Wait > TimeSpan.Zero)))
                return null;
            if (open.InFlight > 0 && MaySendBeside(open) && chance.Is(500))
                return SendBeside(open, chance, replyFate);
            return open.InFlight > 0 && chance.Is(600) ? null : Ask(open, replyFate, Wait(chance, isFair));
        }

        if (_errand is { InFlight: > 0 } && IsPatient)
            return null;
        if (_isLeaving)
            return Leave(chance, replyFate, now);
        if (Stage == Stage.Playing && _errand is { IsAnswered: true } last && chance.Is(isFair ? 50 : 150)
            && last.Request.Symbol == Symbol.GameUpdate && last.Request.Counter == _counter)
        {
            // What this hands out is acknowledged by the next update, unless that says otherwise.
            last.IsAnswered = !IsPatient;
            return Ask(last, replyFate, Wait(chance, isFair));
        }

        return Ask(Next(chance), replyFate, Wait(chance, isFair));
    }

    /// <summary>The request that ends it all; null when there is nothing to leave.</summary>
    public Request? Leave(Chance chance, int replyFate, TimeSpan now)
    {
        if (now < _sleepsUntil || (IsPatient && _errand is { InFlight: > 0 }))
            return null;
        if (_errand is { IsAnswered: false } open)
        {
            // A registration that was made and is not known of cannot be left.
            if (open.Request.Symbol is Symbol.Register or Symbol.Unregister or Symbol.GameQuit)
                return null;
        }

        if (Stage == Stage.Out)
            return null;
        _isLeaving = false;
        _unconfirmed = _behind = null;
        var leavesByKey = Stage != Stage.Playing || (!_hasUpdated && chance.Is(500));
        return Ask(leavesByKey
            ? Start(new Request { Player = id, Errand = NextErrand(), Symbol = Symbol.Unregister, Key = _key })
            : Start(new Request
            {
                Player = id,
                Errand = NextErrand(),
                Symbol = Symbol.GameQuit,
                Key = _seatKey,
                Seat = _seat,
            }), replyFate, TimeSpan.Zero);
    }

    /// <summary>A copy of a request of this player is on its way.</summary>
    public void NoteSent(Request request)
    {
        if (Find(request.Errand) is { } errand)
            errand.Send();
    }

    /// <summary>A request, or its reply, is lost.</summary>
    public void NoteLost(Request request)
    {
        if (Find(request.Errand) is { } errand)
            errand.Settle();
    }

    private Errand? Find(int number)
    {
        if (number == 0)
            return null;
        if (_errand?.Number == number)
            return _errand;
        return _unconfirmed?.Number == number ? _unconfirmed : _behind?.Number == number ? _behind : null;
    }

    private int NextErrand() => ++_errands;

    private Errand Start(Request request) => _errand = new Errand(request.Errand, request.Written());

    private Request Ask(Errand errand, int replyFate, TimeSpan wait)
    {
        Remember(errand.Request);
        return errand.Request.Again(replyFate, wait);
    }

    private TimeSpan Wait(Chance chance, bool isFair)
    {
        if (!chance.Is(temper.HoldsPerMille) || _behind is not null)
            return TimeSpan.Zero;
        var shortest = Math.Min(world.Options.PairingTimeout.TotalSeconds, world.Options.GameTimeout.TotalSeconds);
        return TimeSpan.FromSeconds(isFair ? shortest / 8 : chance.Of([0.001, 0.5, 1, 5, 20, 60]));
    }

    private Errand Next(Chance chance) => Stage switch
    {
        Stage.Out => Start(Registration(chance)),
        Stage.Registered => Start(WithKey(Symbol.RequestPair)),
        Stage.Paired => Start(WithKey(Symbol.MapInit)),
        Stage.Loading => Start(WithKey(Symbol.MapReady)),
        _ => Start(Update(Turn(chance), _have)),
    };

    private Request Registration(Chance chance)
    {
        _registrations++;
        if (temper.UsesToken && (_token is null || !temper.KeepsToken))
            _token = string.Create(CultureInfo.InvariantCulture, $"t{id}.{_registrations}.{chance.Below(1000)}");
        return new Request
        {
            Player = id,
            Errand = NextErrand(),
            Symbol = Symbol.Register,
            Name = temper.Name,
            Wanted = temper.Wanted,
            Token = _token,
            LongTimeout = temper.LongTimeout,
            From = temper.From,
        };
    }

    private Request WithKey(Symbol symbol) =>
        new() { Player = id, Errand = NextErrand(), Symbol = symbol, Key = _key, From = temper.From };

    private Request Update(byte[] turn, int have)
    {
        Log!.Send(turn);
        _hasUpdated = true;
        return new Request
        {
            Player = id,
            Errand = NextErrand(),
            Symbol = Symbol.GameUpdate,
            Key = _seatKey,
            Seat = _seat,
            Counter = _counter + 1,
            Data = turn,
            Received = temper.SaysReceived && _counter >= 0 ? have : null,
            From = temper.From,
        };
    }

    // The first says whose it is; later ones may be anything.
    private byte[] Turn(Chance chance)
    {
        if (chance.Is(350))
            return [];
        if (Log!.Turns > 0 && world.HostileTurns && chance.Is(300))
            return Encoding.UTF8.GetBytes(chance.Of(Hostile.Turns));
        var text = $"{Log.Tag}{Log.Turns}";
        if (world.LongTurns && chance.Is(800))
            text = text.PadRight(chance.Between(8_000, MaxTurnBytes), '.');
        return Encoding.UTF8.GetBytes(text);
    }

    // Nothing but an empty update is given up: turns must be known to be taken before others follow them.
    private bool MaySendBeside(Errand open) => Stage == Stage.Playing && temper.SaysReceived && _unconfirmed is null
        && _behind is null && open.Request is { Symbol: Symbol.GameUpdate, Data.Length: 0 }
        && open.Request.Counter == _counter + 1;

    private Request SendBeside(Errand open, Chance chance, int replyFate)
    {
        _unconfirmed = open;
        _counter++;
        _have = 0;
        return Ask(Start(Update(Turn(chance), 0)), replyFate, TimeSpan.Zero);
    }
}
