using System.Buffers;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>The result of a <see cref="TableSearch"/>.</summary>
public sealed record TableMatches
{
    /// <summary>The first matches, and the totals of the whole table.</summary>
    public required TableView View { get; init; }

    /// <summary>The number of matching registrations, listed or not.</summary>
    public required int PlayersMatching { get; init; }

    /// <summary>The number of matching games, listed or not.</summary>
    public required int GamesMatching { get; init; }

    /// <summary>What was found in all parts of a table together.</summary>
    /// <param name="parts">What was found in each.</param>
    /// <param name="rowsMax">The most rows of players and of games.</param>
    internal static TableMatches Join(IReadOnlyList<TableMatches> parts, int rowsMax) => new()
    {
        View = TableView.Join([.. parts.Select(part => part.View)], rowsMax),
        PlayersMatching = parts.Sum(part => part.PlayersMatching),
        GamesMatching = parts.Sum(part => part.GamesMatching),
    };
}

/// <summary>
/// Searches players and games in steps, so that requests can be applied in between. It does not find players who
/// register meanwhile, and does not list those who have left.
/// </summary>
/// <param name="text">
/// Part of a player's, its partner's or its pool's name, or a prefix of its address, ignoring case; if empty, all
/// match.
/// </param>
/// <param name="rowsMax">The most rows of players and of games.</param>
public sealed class TableSearch(string text, int rowsMax)
{
    // Measured: composing a row takes as long as examining about ten players.
    private const int RowCost = 10;

    private readonly bool _canBeAddress =
        text.AsSpan().IndexOfAnyExcept(SearchValues.Create("0123456789abcdefABCDEF.:/")) < 0;

    private readonly List<PlayerView> _playerViews = [];
    private readonly List<GameView> _gameViews = [];
    private Player[] _players = [];
    private Seat[] _seats = [];
    private int? _playersEnd;
    private int? _seatsEnd;
    private int _next;
    private int _playersMatching;
    private int _gamesMatching;

    /// <summary>
    /// Allocates buffers for this many players and games; call it off the actor's thread, as it is slow. Optional: the
    /// search allocates what is missing.
    /// </summary>
    public void Reserve(int playerCount, int gameCount)
    {
        _players = Rent<Player>(playerCount);
        _seats = Rent<Seat>(2 * gameCount);
    }

    /// <summary>Returns the buffers to the pool. Only after the search has ended.</summary>
    public void Release()
    {
        ArrayPool<Player>.Shared.Return(_players, clearArray: true);
        ArrayPool<Seat>.Shared.Return(_seats, clearArray: true);
        (_players, _seats) = ([], []);
    }

    /// <summary>Continues the search. Null until it is complete; do not call it again then.</summary>
    /// <param name="lobby">The registrations.</param>
    /// <param name="games">The games.</param>
    /// <param name="now">The time.</param>
    /// <param name="budget">
    /// How many players and seats to examine. Copying the references to all players or all seats is a step of its own.
    /// </param>
    internal TableMatches? Step(Lobby lobby, Games games, TimeSpan now, int budget)
    {
        if (_playersEnd is not { } playersEnd)
        {
            _playersEnd = Copy(lobby.Players, ref _players);
            return null;
        }

        if (_seatsEnd is not { } seatsEnd)
        {
            if (!ExaminePlayers(lobby, now, playersEnd, budget))
                return null;
            _seatsEnd = Copy(games.Seats, ref _seats);
            _next = 0;
            return null;
        }

        if (!ExamineSeats(now, seatsEnd, budget))
            return null;
        // Without a text only the first rows were examined, but all match.
        var isAll = text.Length == 0;
        return new TableMatches
        {
            View = new TableView
            {
                PlayerCount = lobby.PlayerCount,
                GameCount = games.Count,
                Players = _playerViews,
                Games = _gameViews,
            },
            PlayersMatching = isAll ? lobby.PlayerCount : _playersMatching,
            GamesMatching = isAll ? games.Count : _gamesMatching,
        };
    }

    // With room for players who register meanwhile. Clearing touches the pages here, not on the actor's thread.
    private static T[] Rent<T>(int count)
    {
        var buffer = ArrayPool<T>.Shared.Rent(count + (count / 8) + 16);
        Array.Clear(buffer);
        return buffer;
    }

    // Copies only references, and returns how many. Without a text the first rows suffice; a game has two seats.
    private int Copy<T>(IReadOnlyCollection<T> all, ref T[] buffer)
    {
        var end = text.Length == 0 ? Math.Min(2 * rowsMax, all.Count) : all.Count;
        if (buffer.Length < end)
            buffer = ArrayPool<T>.Shared.Rent(end);
        if (end == all.Count)
        {
            ((ICollection<T>)all).CopyTo(buffer, 0);
            return end;
        }

        var i = 0;
        foreach (var item in all.Take(end))
            buffer[i++] = item;
        return end;
    }

    // False if there are more.
    private bool ExaminePlayers(Lobby lobby, TimeSpan now, int end, int budget)
    {
        for (; _next < end && budget > 0; _next++, budget--)
        {
            var player = _players[_next];
            var partner = player.HasPartner ? player.PartnerName : player.Wanted;
            var isMatch = Matches(player.Name, player.From) || Contains(partner) || Contains(player.Pool);
            if (!isMatch || !lobby.Has(player))
                continue;
            _playersMatching++;
            if (_playerViews.Count == rowsMax)
                continue;
            _playerViews.Add(PlayerView.Of(player, now));
            budget -= RowCost;
        }

        return _next >= end;
    }

    private bool ExamineSeats(TimeSpan now, int end, int budget)
    {
        for (; _next < end && budget > 0; _next++, budget--)
        {
            var seat = _seats[_next];
            var partner = seat.Partner;
            var hasEnded = seat.Left is not null && partner.Left is not null;
            if (seat.Number != 0 || hasEnded)
                continue;
            if (!(Matches(seat.Name, seat.From) || Matches(partner.Name, partner.From) || Contains(seat.Game.Pool)))
                continue;
            _gamesMatching++;
            if (_gameViews.Count == rowsMax)
                continue;
            _gameViews.Add(GameView.Of(seat.Game, now));
            budget -= 2 * RowCost;
        }

        return _next >= end;
    }

    private bool Matches(string name, ClientAddress from) => Contains(name)
        || (_canBeAddress && from.ToString().StartsWith(text, StringComparison.OrdinalIgnoreCase));

    private bool Contains(string? name) => name is not null && name.Contains(text, StringComparison.OrdinalIgnoreCase);
}
