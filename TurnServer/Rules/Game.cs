namespace TurnServer.Rules;

/// <summary>Two seats. A game is gone when both have been left.</summary>
internal sealed class Game(TimeSpan startedAt)
{
    private readonly Seat[] _seats = new Seat[2];

    public TimeSpan StartedAt => startedAt;

    public Seat this[int number]
    {
        get => _seats[number];
        set => _seats[number] = value;
    }
}
