namespace TurnServer.Rules;

/// <summary>
/// All who wait for a partner: those who take anybody in one line, and those who named one in a line for each pair of
/// names, which is there for as long as somebody stands in it.
/// </summary>
internal sealed class WaitingLines
{
    private readonly WaitingLine _strangers = new();
    private readonly Dictionary<(string Name, string Wanted), WaitingLine> _named = [];

    public bool IsEmpty => _named.Count == 0 && _strangers.IsEmpty;

    /// <summary>Adds a player that has just been registered, behind all others.</summary>
    public void Join(Player player) => LineOf(player).Join(player);

    /// <summary>Puts a player that takes anybody, and had left the line, back at its old place.</summary>
    public void Rejoin(Player player) => _strangers.Rejoin(player);

    public void Leave(Player player)
    {
        var line = LineOf(player);
        line.Leave(player);
        if (player.Wanted is { } wanted && line.IsEmpty)
            _named.Remove((player.Name, wanted));
    }

    /// <summary>The first of those whom this player may be paired with; null: nobody.</summary>
    public Player? FindPartnerFor(Player player, TimeSpan now)
    {
        if (player.Wanted is not { } wanted)
            return _strangers.FindPartnerFor(player, now);
        return _named.TryGetValue((wanted, player.Name), out var line) ? line.FindPartnerFor(player, now) : null;
    }

    /// <summary>
    /// The first of those whose request 2 is held and whom this player, which takes anybody, may be paired with.
    /// </summary>
    public Player? FindHeldFor(Player player, TimeSpan now) => _strangers.FindPartnerFor(player, now, isHeld: true);

    private WaitingLine LineOf(Player player)
    {
        if (player.Wanted is not { } wanted)
            return _strangers;
        if (!_named.TryGetValue((player.Name, wanted), out var line))
            _named.Add((player.Name, wanted), line = new WaitingLine());
        return line;
    }
}
