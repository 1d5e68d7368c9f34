using System.Buffers;
using TurnServer.Protocol;

namespace TurnServer.Rules;

/// <summary>What a <see cref="TableSearch"/> found.</summary>
public sealed record TableMatches
{
    /// <summary>As many of those that match as were asked for, and how many there are of all.</summary>
    public required TableView View { get; init; }

    /// <summary>How many registrations match, listed or not.</summary>
    public required int PlayersMatching { get; init; }

    /// <summary>How many games match, listed or not.</summary>
    public required int GamesMatching { get; init; }
}

/// <summary>
/// Looks through both registries in steps, between which the table goes on: looking at everybody at once would keep
/// players waiting. Who comes while it is under way is not found, who has left is not listed.
/// </summary>
/// <param name="text">
/// Part of a player's or its partner's name, or the beginning of its address, in whatever case; empty: all match.
/// </param>
/// <param name="rowsMax">The most rows of each registry.</param>
public sealed class TableSearch(string text, int rowsMax)
{
    // A row is composed of texts, a look reads a name: as measured, a row takes as long as some ten looks.
    private const int LooksPerRow = 10;

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
    /// Makes room for so many, which takes longer than anything that is done between two requests. Not needed; with too
    /// little of it the search makes more.
    /// </summary>
    public void Reserve(int playerCount, int gameCount)
    {
        _players = Rent<Player>(playerCount);
        _seats = Rent<Seat>(2 * gameCount);
    }

    /// <summary>Lets go of those whom it has looked at. Only when it has come to its end.</summary>
    public void Release()
    {
        ArrayPool<Player>.Shared.Return(_players, clearArray: true);
        ArrayPool<Seat>.Shared.Return(_seats, clearArray: true);
        (_players, _seats) = ([], []);
    }

    /// <summary>Goes on with the search; null while it is not at its end. Not to be called again after that.</summary>
    /// <param name="lobby">The registrations.</param>
    /// <param name="games">The games.</param>
    /// <param name="now">The time.</param>
    /// <param name="looksMax">
    /// How many players and seats to look at. The references to all of one registry are copied at once beside that.
    /// </param>
    internal TableMatches? Step(Lobby lobby, Games games, TimeSpan now, int looksMax)
    {
        if (_playersEnd is not { } playersEnd)
        {
            _playersEnd = Copy(lobby.Players, ref _players);
            return null;
        }

        if (_seatsEnd is not { } seatsEnd)
        {
            if (!LookAtPlayers(lobby, now, playersEnd, looksMax))
                return null;
            _seatsEnd = Copy(games.Seats, ref _seats);
            _next = 0;
            return null;
        }

        if (!LookAtSeats(now, seatsEnd, looksMax))
            return null;
        // All are counted when all are listed, though only as many were looked at.
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

    // Those who come while room is made need some too. What is fresh is touched here, not by the actor.
    private static T[] Rent<T>(int count)
    {
        var room = ArrayPool<T>.Shared.Rent(count + (count / 8) + 16);
        Array.Clear(room);
        return room;
    }

    // The references alone: those whom they are to are not looked at. Without a text the first ones will do; two seats
    // are a game. Returns how many.
    private int Copy<T>(IReadOnlyCollection<T> all, ref T[] room)
    {
        var end = text.Length == 0 ? Math.Min(2 * rowsMax, all.Count) : all.Count;
        if (room.Length < end)
            room = ArrayPool<T>.Shared.Rent(end);
        if (end == all.Count)
        {
            ((ICollection<T>)all).CopyTo(room, 0);
            return end;
        }

        var i = 0;
        foreach (var one in all.Take(end))
            room[i++] = one;
        return end;
    }

    // False while there are more.
    private bool LookAtPlayers(Lobby lobby, TimeSpan now, int end, int looks)
    {
        for (; _next < end && looks > 0; _next++, looks--)
        {
            var player = _players[_next];
            var partner = player.HasPartner ? player.PartnerName : player.Wanted;
            if (!(Matches(player.Name, player.From) || Contains(partner)) || !lobby.Has(player))
                continue;
            _playersMatching++;
            if (_playerViews.Count == rowsMax)
                continue;
            _playerViews.Add(PlayerView.Of(player, now));
            looks -= LooksPerRow;
        }

        return _next >= end;
    }

    private bool LookAtSeats(TimeSpan now, int end, int looks)
    {
        for (; _next < end && looks > 0; _next++, looks--)
        {
            var seat = _seats[_next];
            var partner = seat.Partner;
            var isGone = seat.Left is not null && partner.Left is not null;
            if (seat.Number != 0 || isGone || !(Matches(seat.Name, seat.From) || Matches(partner.Name, partner.From)))
                continue;
            _gamesMatching++;
            if (_gameViews.Count == rowsMax)
                continue;
            _gameViews.Add(GameView.Of(seat.Game, now));
            looks -= 2 * LooksPerRow;
        }

        return _next >= end;
    }

    private bool Matches(string name, ClientAddress from) => Contains(name)
        || (_canBeAddress && from.ToString().StartsWith(text, StringComparison.OrdinalIgnoreCase));

    private bool Contains(string? name) => name is not null && name.Contains(text, StringComparison.OrdinalIgnoreCase);
}
