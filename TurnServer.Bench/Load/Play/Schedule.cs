namespace TurnServer.Bench.Load.Play;

/// <summary>
/// When each player is due to send: at a fixed interval, the players spread over it at random. As the interval is the
/// same for all, the order of one round is the order of all: finding the next is a step to the neighbour.
/// </summary>
internal sealed class Schedule
{
    private readonly long _interval;
    private readonly long _startsAt;
    private readonly long[] _phases;
    private readonly int[] _players;
    private int _position;
    private long _round;

    /// <param name="players">How many there are.</param>
    /// <param name="interval">From one turn of a player to its next, in ticks of any clock.</param>
    /// <param name="startsAt">When the first round begins, on that clock.</param>
    /// <param name="random">Spreads the players.</param>
    public Schedule(int players, long interval, long startsAt, Random random)
    {
        _interval = interval;
        _startsAt = startsAt;
        _phases = new long[players];
        _players = new int[players];
        for (var i = 0; i < players; i++)
            (_phases[i], _players[i]) = (random.NextInt64(interval), i);
        Array.Sort(_phases, _players);
    }

    /// <summary>When the next one is due.</summary>
    public long NextAt => _startsAt + (_round * _interval) + _phases[_position];

    /// <summary>Which player that is; the one after it is next.</summary>
    public int TakeNext()
    {
        var player = _players[_position];
        if (++_position == _players.Length)
            (_position, _round) = (0, _round + 1);
        return player;
    }
}
