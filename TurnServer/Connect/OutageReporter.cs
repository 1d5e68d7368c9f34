using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>Says when the server stops answering and when it answers again; not every request that is lost.</summary>
/// <param name="url">The server.</param>
/// <param name="patience">How long it is tried.</param>
/// <param name="time">Turned by hand in tests.</param>
/// <param name="say">Told the sentences.</param>
internal sealed class OutageReporter(Uri url, TimeSpan patience, TimeProvider time, Action<string> say)
{
    // Single losses are made up for within less.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private int _losses;
    private long _since;
    private bool _hasAnswered;
    private bool _isSaid;

    /// <summary>Takes note of a request as it ends; to be the client's observer.</summary>
    public void Observe(TurnAttempt attempt)
    {
        lock (_gate)
        {
            if (attempt.Loss is null)
                NoteAnswer();
            else
                NoteLoss(attempt.Loss);
        }
    }

    private void NoteAnswer()
    {
        if (_isSaid)
            say("the server answers again");
        _losses = 0;
        _hasAnswered = true;
        _isSaid = false;
    }

    private void NoteLoss(string why)
    {
        if (_losses++ == 0)
            _since = time.GetTimestamp();
        // Of one that has never answered the first loss may be the last, if it is no turn server.
        var isOutage = _hasAnswered ? time.GetElapsedTime(_since) >= Noticeable : _losses > 1;
        if (_isSaid || !isOutage)
            return;
        _isSaid = true;
        say($"cannot reach {url}: {why}; trying for {patience.TotalSeconds:0.#} s");
    }
}
