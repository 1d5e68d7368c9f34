using System.Globalization;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>What a player knows of its own state.</summary>
internal enum Stage
{
    Unregistered,
    Registered,
    Paired,
    Loading,
    Playing,
}

/// <summary>
/// A simulated player that follows PROTOCOL.md and checks the replies. A misbehaving one also sends other requests, and
/// expects nothing.
/// </summary>
internal sealed partial class SimPlayer(int id, Profile profile, World world, InvariantChecker invariants)
{
    private const int MaxTurnBytes = 16_300;
    private int _operations;
    private int _games;
    private int _registrations;
    private Operation? _operation;
    private Operation? _unconfirmed;
    private Operation? _following;
    private bool _isLeaving;
    private bool _hasUpdated;
    private string _key = "0";
    private string _seatKey = "0";
    private int _seat;
    private long _counter = -1;
    private int _received;
    private string? _token;
    private TimeSpan _sleepsUntil;

    public int Id => id;

    public Profile Profile => profile;

    public Stage Stage { get; private set; }

    public GameLog? Log { get; private set; }

    /// <summary>Whether the last reply was a refusal because of a limit.</summary>
    public bool IsRefusedByLimit { get; private set; }

    /// <summary>The last pairing key.</summary>
    public string PairingKey => _key;

    private bool IsPatient => !profile.SaysReceived;

    /// <summary>Ends the sleep.</summary>
    public void Wake() => _sleepsUntil = TimeSpan.Zero;

    public void Sleep(TimeSpan until) => _sleepsUntil = until;

    /// <summary>The next request according to the protocol; null if the player has to wait.</summary>
    public Request? Behave(SeededRandom random, int replyDelay, TimeSpan now, bool isFair = false)
    {
        if (now < _sleepsUntil)
            return null;
        if (_operation is { IsAnswered: false } open)
        {
            if (open.InFlight > 0 && (IsPatient || (isFair && open.Request.Wait > TimeSpan.Zero)))
                return null;
            if (open.InFlight > 0 && MaySendConcurrently(open) && random.Is(500))
                return SendConcurrently(open, random, replyDelay);
            return open.InFlight > 0 && random.Is(600) ? null : Ask(open, replyDelay, Wait(random, isFair));
        }

        if (_operation is { InFlight: > 0 } && IsPatient)
            return null;
        if (_isLeaving)
            return Leave(random, replyDelay, now);
        if (Stage == Stage.Playing && _operation is { IsAnswered: true } last && random.Is(isFair ? 50 : 150)
            && last.Request.Symbol == Symbol.GameUpdate && last.Request.Counter == _counter)
        {
            // Repeats the last update; the next one acknowledges what this hands out.
            last.IsAnswered = !IsPatient;
            return Ask(last, replyDelay, Wait(random, isFair));
        }

        return Ask(Next(random), replyDelay, Wait(random, isFair));
    }

    /// <summary>The request to leave; null if that is not possible now.</summary>
    public Request? Leave(SeededRandom random, int replyDelay, TimeSpan now)
    {
        if (now < _sleepsUntil || (IsPatient && _operation is { InFlight: > 0 }))
            return null;
        if (_operation is { IsAnswered: false } open)
        {
            // Without the reply to a registration there is no key to leave by.
            if (open.Request.Symbol is Symbol.Register or Symbol.Unregister or Symbol.GameQuit)
                return null;
        }

        if (Stage == Stage.Unregistered)
            return null;
        _isLeaving = false;
        _unconfirmed = _following = null;
        var leavesByKey = Stage != Stage.Playing || (!_hasUpdated && random.Is(500));
        return Ask(leavesByKey
            ? Start(new Request { Player = id, Operation = NextOperation(), Symbol = Symbol.Unregister, Key = _key })
            : Start(new Request
            {
                Player = id,
                Operation = NextOperation(),
                Symbol = Symbol.GameQuit,
                Key = _seatKey,
                Seat = _seat,
            }), replyDelay, TimeSpan.Zero);
    }

    /// <summary>Notes that a copy of a request is sent.</summary>
    public void NoteSent(Request request)
    {
        if (Find(request.Operation) is { } operation)
            operation.Send();
    }

    /// <summary>Notes that a request or its reply is lost.</summary>
    public void NoteLost(Request request)
    {
        if (Find(request.Operation) is { } operation)
            operation.Complete();
    }

    private Operation? Find(int number)
    {
        if (number == 0)
            return null;
        if (_operation?.Number == number)
            return _operation;
        return _unconfirmed?.Number == number ? _unconfirmed : _following?.Number == number ? _following : null;
    }

    private int NextOperation() => ++_operations;

    private Operation Start(Request request) => _operation = new Operation(request.Operation, request.Written());

    private Request Ask(Operation operation, int replyDelay, TimeSpan wait)
    {
        Remember(operation.Request);
        return operation.Request.Again(replyDelay, wait);
    }

    private TimeSpan Wait(SeededRandom random, bool isFair)
    {
        if (!random.Is(profile.HoldsPerMille) || _following is not null)
            return TimeSpan.Zero;
        var shortest = Math.Min(world.Options.PairingTimeout.TotalSeconds, world.Options.GameTimeout.TotalSeconds);
        return TimeSpan.FromSeconds(isFair ? shortest / 8 : random.Of([0.001, 0.5, 1, 5, 20, 60]));
    }

    private Operation Next(SeededRandom random) => Stage switch
    {
        Stage.Unregistered => Start(Registration(random)),
        Stage.Registered => Start(WithKey(Symbol.RequestPair)),
        Stage.Paired => Start(WithKey(Symbol.MapInit)),
        Stage.Loading => Start(WithKey(Symbol.MapReady)),
        _ => Start(Update(Turn(random), _received)),
    };

    private Request Registration(SeededRandom random)
    {
        _registrations++;
        if (profile.UsesToken && (_token is null || !profile.KeepsToken))
            _token = string.Create(CultureInfo.InvariantCulture, $"t{id}.{_registrations}.{random.Below(1000)}");
        return new Request
        {
            Player = id,
            Operation = NextOperation(),
            Symbol = Symbol.Register,
            Name = profile.Name,
            Wanted = profile.Wanted,
            Pool = profile.Pool,
            Token = _token,
            LongTimeout = profile.LongTimeout,
            From = profile.From,
        };
    }

    private Request WithKey(Symbol symbol) =>
        new() { Player = id, Operation = NextOperation(), Symbol = symbol, Key = _key, From = profile.From };

    private Request Update(byte[] turn, int received)
    {
        Log!.Send(turn);
        _hasUpdated = true;
        return new Request
        {
            Player = id,
            Operation = NextOperation(),
            Symbol = Symbol.GameUpdate,
            Key = _seatKey,
            Seat = _seat,
            Counter = _counter + 1,
            Data = turn,
            Received = profile.SaysReceived && _counter >= 0 ? received : null,
            From = profile.From,
        };
    }

    // The first turn identifies the sender; later ones may be anything.
    private byte[] Turn(SeededRandom random)
    {
        if (random.Is(350))
            return [];
        if (Log!.Turns > 0 && world.HostileTurns && random.Is(300))
            return Encoding.UTF8.GetBytes(random.Of(HostileInputs.Turns));
        var text = $"{Log.Tag}{Log.Turns}";
        if (world.LongTurns && random.Is(800))
            text = text.PadRight(random.Between(8_000, MaxTurnBytes), '.');
        return Encoding.UTF8.GetBytes(text);
    }

    // Only an update without a turn is abandoned: a turn must be known to be accepted before the next one is sent.
    private bool MaySendConcurrently(Operation open) => Stage == Stage.Playing && profile.SaysReceived
        && _unconfirmed is null && _following is null && open.Request is { Symbol: Symbol.GameUpdate, Data.Length: 0 }
        && open.Request.Counter == _counter + 1;

    private Request SendConcurrently(Operation open, SeededRandom random, int replyDelay)
    {
        _unconfirmed = open;
        _counter++;
        _received = 0;
        return Ask(Start(Update(Turn(random), 0)), replyDelay, TimeSpan.Zero);
    }
}
