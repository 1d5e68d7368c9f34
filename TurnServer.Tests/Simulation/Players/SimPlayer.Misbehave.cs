using System.Globalization;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>What a player does that no client should.</summary>
internal sealed partial class SimPlayer
{
    private const int RememberedMax = 24;
    private readonly List<Request> _remembered = [];

    /// <summary>Something that the protocol does not foresee; the reply is not looked at.</summary>
    public Request Misbehave(Chance chance, IReadOnlyList<SimPlayer> everyone, int replyFate)
    {
        var other = chance.Of(everyone);
        var request = chance.Below(16) switch
        {
            0 => Odd(Symbol.GameUpdate, _seatKey, chance.Of([_seat, _seat, 1 - _seat]), OddCounter(chance), chance),
            1 => Odd(Symbol.GameUpdate, _seatKey, _seat, _counter, chance),
            2 => Odd(Symbol.GameUpdate, _seatKey, _seat, _counter + 1, chance),
            3 => Odd(Symbol.GameUpdate, ForgedKey(chance, isSeat: true), chance.Below(2), chance.Below(3), chance),
            4 => Odd(Symbol.GameUpdate, other._seatKey, chance.Below(2), other._counter + 1, chance),
            5 => Odd(Symbol.GameQuit, ForgedKey(chance, isSeat: true), chance.Below(2), 0, chance),
            6 => Odd(Symbol.GameQuit, _seatKey, 1 - _seat, 0, chance),
            7 or 8 or 9 => Odd((Symbol)chance.Between(1, 4), _key, 0, 0, chance),
            10 => Odd((Symbol)chance.Between(1, 4), ForgedKey(chance, isSeat: false), 0, 0, chance),
            11 => Odd((Symbol)chance.Between(1, 4), chance.Of([other._key, _seatKey]), 0, 0, chance),
            12 => Stolen(other, chance),
            13 => Malformed(chance),
            _ => _remembered.Count > 0 ? Replayed(chance) : Malformed(chance),
        };
        return request.Again(replyFate, Wait(chance, isFair: false));
    }

    private Request Odd(Symbol symbol, string key, int seat, long counter, Chance chance) => new Request
    {
        Player = id,
        Errand = 0,
        Symbol = symbol,
        Key = key,
        Seat = seat,
        Counter = Math.Max(0, counter),
        Data = symbol == Symbol.GameUpdate && chance.Is(700) ? "M?"u8.ToArray() : [],
        Received = symbol == Symbol.GameUpdate ? OddReceived(chance) : null,
        From = temper.From,
    }.Written();

    private long OddCounter(Chance chance) => chance.Below(6) switch
    {
        0 => _counter - 1,
        1 => _counter + 2,
        2 => 0,
        3 => long.MaxValue,
        4 => chance.Below(10),
        _ => _counter + 1,
    };

    // A turn may hold a bar, and the page counts in turns: with such turns nothing is said that ends within one.
    private int? OddReceived(Chance chance) => chance.Below(5) switch
    {
        0 => null,
        1 => 0,
        2 => int.MaxValue,
        3 when !world.HostileTurns => Math.Max(0, _have + chance.Between(-1, 1)),
        4 when !world.HostileTurns => chance.Below(40),
        _ => null,
    };

    private string ForgedKey(Chance chance, bool isSeat) => chance.Below(5) switch
    {
        0 => chance.Below(4).ToString(CultureInfo.InvariantCulture),
        1 => (chance.Draw() >> 11).ToString(CultureInfo.InvariantCulture),
        2 => "99999999999999999999999999",
        3 => "18446744073709551615",
        _ => OwnOldKey(chance, isSeat),
    };

    // Where keys come again, one of the other kind may be the seat key that its player has not been told yet.
    private string OwnOldKey(Chance chance, bool isSeat)
    {
        var keys = _remembered.FindAll(request => request.Key != "*"
            && (!world.RepeatsKeys || request.Symbol >= Symbol.GameQuit == isSeat));
        return keys.Count > 0 ? chance.Of(keys).Key : "1";
    }

    // Comes as somebody else, or as itself once more.
    private Request Stolen(SimPlayer other, Chance chance) => new Request
    {
        Player = id,
        Errand = 0,
        Symbol = Symbol.Register,
        Name = chance.Of([other.Temper.Name, temper.Name, chance.Of(Hostile.Names)]),
        Wanted = chance.Of([other.Temper.Wanted, null, temper.Name == "*" ? null : temper.Name]),
        Token = chance.Of([other._token, _token, null, "t"]),
        LongTimeout = chance.Is(300),
        From = World.Address(chance.Below(3)),
    }.Written();

    private Request Malformed(Chance chance)
    {
        var (body, refusal) = chance.Of(Hostile.Requests);
        return new Request { Player = id, Errand = 0, From = temper.From }.Malformed(body, refusal);
    }

    // Word for word what it said at some time before.
    private Request Replayed(Chance chance) => chance.Of(_remembered);

    private void Remember(Request request)
    {
        if (temper.Behaves)
            return;
        if (_remembered.Count == RememberedMax)
            _remembered.RemoveAt(0);
        _remembered.Add(request with { Errand = 0 });
    }
}
