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
    private volatile bool _isRefused;

    public long Id { get; } = id;

    /// <summary>Whose it is: the number of the player.</summary>
    public int Sender { get; } = sender;

    /// <summary>
    /// How many of its turns must arrive, and they are the first: all that were sent, but for those that the server
    /// refused; when it refused to go on with the game, those that it had said that it took.
    /// </summary>
    public int Owed => _isRefused ? Taken : Sent - Volatile.Read(ref _refused);

    /// <summary>How many were sent.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>How many of them the server is known to have taken; they are the first.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>The receiver's half.</summary>
    public TurnChecker Checker { get; } = new(id);

    /// <summary>Who receives it: the number of the player; null until somebody does.</summary>
    public int? Receiver { get; set; }

    public void CountSent() => Interlocked.Increment(ref _sent);

    /// <summary>The server has taken this turn, and so all before it.</summary>
    public void CountTaken(long number)
    {
        var taken = (int)number + 1;
        for (var before = Taken; before < taken;)
            before = Interlocked.CompareExchange(ref _taken, taken, before);
    }

    public void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>The server refused to go on: which turns it had taken that were only posted nobody can tell.</summary>
    public void EndRefused() => _isRefused = true;

    /// <summary>One of the two is done with it; true for the second.</summary>
    public bool Leave() => Interlocked.Decrement(ref _parties) == 0;
}
