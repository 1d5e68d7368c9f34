using System.Text;
using TurnServer.Protocol;
using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Looks at what the players get, and knows nothing of the model: turns come once, in order and to the right seat, and
/// nobody is paired who must not be.
/// </summary>
internal sealed class Judge(World world)
{
    private readonly Dictionary<string, GameLog> _games = [];
    private readonly Dictionary<(bool IsSeat, string Key), int> _users = [];
    private readonly Dictionary<string, (string Name, TimeSpan At)> _partners = [];
    private readonly Dictionary<(string Key, string Name), TimeSpan> _excludedUntil = [];
    private readonly Dictionary<string, GameLog> _logsBySeatKey = [];
    private readonly Dictionary<string, GameLog> _logsByKey = [];

    // A key that comes again comes to mean two things, and old requests hit the wrong one: nobody's fault.
    private bool IsOff => world.RepeatsKeys;

    /// <summary>A request is at the server. Whoever uses another's key spoils what that one may expect.</summary>
    public void NoteUse(Request request)
    {
        if (request.Symbol == Symbol.Register || request.Key == "*")
            return;
        var isSeat = request.Symbol >= Symbol.GameQuit;
        if (Share(isSeat, request.Key, request.Player))
            Taint(isSeat, request.Key);
    }

    /// <summary>
    /// A reply leaves the server, whether or not it arrives; or it would have, but for a crash. Who wants anybody is
    /// not given again who left it less than the load timeout ago: it left after the last reply that still had it.
    /// </summary>
    public void NoteReply(Request request, byte[] reply, TimeSpan now)
    {
        var key = request.Key;
        if (request.Symbol is Symbol.RequestPair && (reply.AsSpan().StartsWith("0/3/"u8)
            || reply.AsSpan().StartsWith("0/4/"u8)))
        {
            var name = Encoding.UTF8.GetString(reply.AsSpan()[4..]);
            if (_excludedUntil.GetValueOrDefault((key, name)) > now && IsOnePlayer(name))
                throw new Discrepancy($"nobody for the player of key {key} who left it a moment ago", name);
            _partners[key] = (name, now);
        }
        else if (request.Symbol is Symbol.MapInit or Symbol.MapReady && reply[0] == (byte)'0'
            && _partners.TryGetValue(key, out var partner))
        {
            _partners[key] = partner with { At = now };
        }
        else if (reply.AsSpan().SequenceEqual("9/2/*"u8) && _partners.Remove(key, out var gone))
        {
            _excludedUntil[(key, gone.Name)] = gone.At + world.Options.LoadTimeout;
        }
    }

    public void NoteKey(string key, bool isSeat, SimPlayer player)
    {
        if (isSeat)
            _logsBySeatKey[key] = player.Log!;
        if (Share(isSeat, key, player.Id))
            Taint(isSeat, key);
    }

    public void NoteGame(GameLog log)
    {
        log.IsTainted = IsOff;
        _games.Add(log.Tag, log);
    }

    /// <summary>Whoever has used the player's pairing key may have used its seat too.</summary>
    public void TaintIfShared(string key, SimPlayer player)
    {
        _logsByKey[key] = player.Log!;
        if (_users.GetValueOrDefault((false, key)) < 0)
            player.Log!.IsTainted = true;
    }

    public bool IsShared(string key, string seatKey) => IsOff || _users.GetValueOrDefault((false, key)) < 0
        || _users.GetValueOrDefault((true, seatKey)) < 0;

    /// <summary>The game that a player's first turn tells of; null when the sender is one who misbehaves.</summary>
    public GameLog? FindGame(string firstTurn)
    {
        var dot = firstTurn.IndexOf('.', StringComparison.Ordinal);
        var end = dot < 0 ? -1 : firstTurn.IndexOf('.', dot + 1);
        return end > 0 && firstTurn[0] == 'P' ? _games.GetValueOrDefault(firstTurn[..(end + 1)]) : null;
    }

    /// <summary>Who wants one partner gets no other; who wants anybody gets one who wants anybody.</summary>
    public void CheckPartner(SimPlayer player, string name)
    {
        if (!player.Temper.Behaves || IsShared(player.PairingKey, ""))
            return;
        if (player.Temper.Wanted is { } wanted)
        {
            if (name != wanted)
                throw new Discrepancy($"{wanted}, the only partner that player {player.Id} wants", name);
            return;
        }

        if (world.Players.All(temper => temper.Behaves)
            && !world.Players.Any(temper => temper.Name == name && temper.Wanted is null))
        {
            throw new Discrepancy($"a partner for player {player.Id} who wants anybody", name);
        }
    }

    // Names can be told apart, and a player speaks from one address and for itself.
    private bool IsOnePlayer(string name) => !IsOff && world.Players.All(temper => temper.Behaves)
        && world.Players.Count(temper => temper.Name == name) == 1
        && world.Players.Any(temper => temper.Name == name && temper.Wanted is null);

    // Negative once two have used it.
    private bool Share(bool isSeat, string key, int player)
    {
        var users = _users.GetValueOrDefault((isSeat, key));
        if (users == player + 1)
            return false;
        _users[(isSeat, key)] = users == 0 ? player + 1 : -1;
        return users != 0;
    }

    private void Taint(bool isSeat, string key)
    {
        if ((isSeat ? _logsBySeatKey : _logsByKey).TryGetValue(key, out var log))
            log.IsTainted = true;
    }
}
