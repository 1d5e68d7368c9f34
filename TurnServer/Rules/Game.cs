namespace TurnServer.Rules;

/// <summary>Two seats. A game is gone when both have been left.</summary>
internal sealed class Game(TimeSpan startedAt)
{
    private Seat _seat0 = null!;
    private Seat _seat1 = null!;

    public TimeSpan StartedAt => startedAt;

    public Seat this[int number]
    {
        get => number == 0 ? _seat0 : _seat1;
        set => (number == 0 ? ref _seat0 : ref _seat1) = value;
    }
}
