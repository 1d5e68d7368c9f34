using System.Globalization;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>Protocol violations.</summary>
internal sealed partial class SimPlayer
{
    private const int RememberedMax = 24;
    private readonly List<Request> _remembered = [];

    /// <summary>A request that violates the protocol. The player ignores the reply.</summary>
    public Request Misbehave(SeededRandom random, IReadOnlyList<SimPlayer> everyone, int replyDelay)
    {
        var other = random.Of(everyone);
        var request = random.Below(16) switch
        {
            0 => Odd(Symbol.GameUpdate, _seatKey, random.Of([_seat, _seat, 1 - _seat]), OddCounter(random), random),
            1 => Odd(Symbol.GameUpdate, _seatKey, _seat, _counter, random),
            2 => Odd(Symbol.GameUpdate, _seatKey, _seat, _counter + 1, random),
            3 => Odd(Symbol.GameUpdate, ForgedKey(random, isSeat: true), random.Below(2), random.Below(3), random),
            4 => Odd(Symbol.GameUpdate, other._seatKey, random.Below(2), other._counter + 1, random),
            5 => Odd(Symbol.GameQuit, ForgedKey(random, isSeat: true), random.Below(2), 0, random),
            6 => Odd(Symbol.GameQuit, _seatKey, 1 - _seat, 0, random),
            7 or 8 or 9 => Odd((Symbol)random.Between(1, 4), _key, 0, 0, random),
            10 => Odd((Symbol)random.Between(1, 4), ForgedKey(random, isSeat: false), 0, 0, random),
            11 => Odd((Symbol)random.Between(1, 4), random.Of([other._key, _seatKey]), 0, 0, random),
            12 => Stolen(other, random),
            13 => Malformed(random),
            _ => _remembered.Count > 0 ? Replayed(random) : Malformed(random),
        };
        return request.Again(replyDelay, Wait(random, isFair: false));
    }

    private Request Odd(Symbol symbol, string key, int seat, long counter, SeededRandom random) => new Request
    {
        Player = id,
        Operation = 0,
        Symbol = symbol,
        Key = key,
        Seat = seat,
        Counter = Math.Max(0, counter),
        Data = symbol == Symbol.GameUpdate && random.Is(700) ? "M?"u8.ToArray() : [],
        Received = symbol == Symbol.GameUpdate ? OddReceived(random) : null,
        From = profile.From,
    }.Written();

    private long OddCounter(SeededRandom random) => random.Below(6) switch
    {
        0 => _counter - 1,
        1 => _counter + 2,
        2 => 0,
        3 => long.MaxValue,
        4 => random.Below(10),
        _ => _counter + 1,
    };

    // Turns with bars look like several turns: then the model cannot handle a value that ends within one.
    private int? OddReceived(SeededRandom random) => random.Below(5) switch
    {
        0 => null,
        1 => 0,
        2 => int.MaxValue,
        3 when !world.HostileTurns => Math.Max(0, _received + random.Between(-1, 1)),
        4 when !world.HostileTurns => random.Below(40),
        _ => null,
    };

    private string ForgedKey(SeededRandom random, bool isSeat) => random.Below(5) switch
    {
        0 => random.Below(4).ToString(CultureInfo.InvariantCulture),
        1 => (random.Draw() >> 11).ToString(CultureInfo.InvariantCulture),
        2 => "99999999999999999999999999",
        3 => "18446744073709551615",
        _ => OwnOldKey(random, isSeat),
    };

    // With repeated keys, an old pairing key may equal a new seat key that its player does not know yet.
    private string OwnOldKey(SeededRandom random, bool isSeat)
    {
        var keys = _remembered.FindAll(request => request.Key != "*"
            && (!world.RepeatsKeys || request.Symbol >= Symbol.GameQuit == isSeat));
        return keys.Count > 0 ? random.Of(keys).Key : "1";
    }

    // Registers under another player's name, or again under its own.
    private Request Stolen(SimPlayer other, SeededRandom random) => new Request
    {
        Player = id,
        Operation = 0,
        Symbol = Symbol.Register,
        Name = random.Of([other.Profile.Name, profile.Name, random.Of(HostileInputs.Names)]),
        Wanted = random.Of([other.Profile.Wanted, null, profile.Name == "*" ? null : profile.Name]),
        Pool = random.Of([other.Profile.Pool, profile.Pool, null]),
        Token = random.Of([other._token, _token, null, "t"]),
        LongTimeout = random.Is(300),
        From = World.Address(random.Below(3)),
    }.Written();

    private Request Malformed(SeededRandom random)
    {
        var (body, refusal) = random.Of(HostileInputs.Requests);
        return new Request { Player = id, Operation = 0, From = profile.From }.Malformed(body, refusal);
    }

    // Repeats one of its earlier requests.
    private Request Replayed(SeededRandom random) => random.Of(_remembered);

    private void Remember(Request request)
    {
        if (profile.Behaves)
            return;
        if (_remembered.Count == RememberedMax)
            _remembered.RemoveAt(0);
        _remembered.Add(request with { Operation = 0 });
    }
}
