using System.Text;
using TurnServer.Protocol;
using TurnServer.Tests.Simulation.Players;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Checks what the players receive, independently of the model: turns arrive once, in order and at the right seat, and
/// no two players are paired who must not be.
/// </summary>
internal sealed class InvariantChecker(World world)
{
    private readonly Dictionary<string, GameLog> _games = [];
    private readonly Dictionary<(bool IsSeat, string Key), int> _users = [];
    private readonly Dictionary<string, (string Name, TimeSpan At)> _partners = [];
    private readonly Dictionary<(string Key, string Name), TimeSpan> _excludedUntil = [];
    private readonly Dictionary<string, GameLog> _logsBySeatKey = [];
    private readonly Dictionary<string, GameLog> _logsByKey = [];

    // With repeated keys, late requests hit the wrong player without any fault of the server.
    private bool IsDisabled => world.RepeatsKeys;

    /// <summary>Notes a request at the server. A player whose key another one uses is exempt from checks.</summary>
    public void NoteUse(Request request)
    {
        if (request.Symbol == Symbol.Register || request.Key == "*")
            return;
        var isSeat = request.Symbol >= Symbol.GameQuit;
        if (Share(isSeat, request.Key, request.Player))
            Taint(isSeat, request.Key);
    }

    /// <summary>
    /// Notes a reply as it leaves the server, or would have left before a crash. A player who accepts anyone must not
    /// get a partner again who left it less than the load timeout ago, counted from the last reply of that pairing.
    /// </summary>
    public void NoteReply(Request request, byte[] reply, TimeSpan now)
    {
        var key = request.Key;
        if (request.Symbol is Symbol.RequestPair && (reply.AsSpan().StartsWith("0/3/"u8)
            || reply.AsSpan().StartsWith("0/4/"u8)))
        {
            var name = Encoding.UTF8.GetString(reply.AsSpan()[4..]);
            if (_excludedUntil.GetValueOrDefault((key, name)) > now && IsOnePlayer(name))
                throw new MismatchException($"no partner for key {key} who left it a moment ago", name);
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
        log.IsTainted = IsDisabled;
        _games.Add(log.Tag, log);
    }

    /// <summary>Another user of the player's pairing key may have used its seat too.</summary>
    public void TaintIfShared(string key, SimPlayer player)
    {
        _logsByKey[key] = player.Log!;
        if (_users.GetValueOrDefault((false, key)) < 0)
            player.Log!.IsTainted = true;
    }

    public bool IsShared(string key, string seatKey) => IsDisabled || _users.GetValueOrDefault((false, key)) < 0
        || _users.GetValueOrDefault((true, seatKey)) < 0;

    /// <summary>The game named in a sender's first turn; null if the sender misbehaves.</summary>
    public GameLog? FindGame(string firstTurn)
    {
        var dot = firstTurn.IndexOf('.', StringComparison.Ordinal);
        var end = dot < 0 ? -1 : firstTurn.IndexOf('.', dot + 1);
        return end > 0 && firstTurn[0] == 'P' ? _games.GetValueOrDefault(firstTurn[..(end + 1)]) : null;
    }

    /// <summary>A named partner is the only one given; a player who accepts anyone gets one who does too.</summary>
    public void CheckPartner(SimPlayer player, string name)
    {
        if (!player.Profile.Behaves || IsShared(player.PairingKey, ""))
            return;
        if (player.Profile.Wanted is { } wanted)
        {
            if (name != wanted)
                throw new MismatchException($"{wanted}, the partner that player {player.Id} named", name);
            return;
        }

        if (world.Players.All(profile => profile.Behaves)
            && !world.Players.Any(profile => profile.Name == name && profile.Wanted is null))
        {
            throw new MismatchException($"a partner for player {player.Id} who accepts anyone", name);
        }
    }

    // The name is unique, and all players use only their own name and address.
    private bool IsOnePlayer(string name) => !IsDisabled && world.Players.All(profile => profile.Behaves)
        && world.Players.Count(profile => profile.Name == name) == 1
        && world.Players.Any(profile => profile.Name == name && profile.Wanted is null);

    // Positive: the only user so far; negative: several.
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
