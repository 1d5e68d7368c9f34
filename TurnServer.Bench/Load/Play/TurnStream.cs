namespace TurnServer.Bench.Load.Play;

/// <summary>
/// What one player sends in one game. Its sender and its receiver each work on their own half; the one who is done last
/// compares them.
/// </summary>
internal sealed class TurnStream(long id, int sender)
{
    private int _sent;
    private int _taken;
    private int _refused;
    private int _parties = 2;

    public long Id { get; } = id;

    /// <summary>Whose it is: the number of the player.</summary>
    public int Sender { get; } = sender;

    /// <summary>
    /// How many of its turns must arrive: all that were sent, but for those that the server refused: the last.
    /// </summary>
    public int Owed => Volatile.Read(ref _sent) - Volatile.Read(ref _refused);

    /// <summary>How many of them the server said that it took; they are the first.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>The receiver's half.</summary>
    public TurnChecker Checker { get; } = new(id);

    /// <summary>Who receives it: the number of the player; null until somebody does.</summary>
    public int? Receiver { get; set; }

    public void CountSent() => Interlocked.Increment(ref _sent);

    public void CountTaken() => Interlocked.Increment(ref _taken);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>One of the two is done with it; true for the second.</summary>
    public bool Leave() => Interlocked.Decrement(ref _parties) == 0;
}
