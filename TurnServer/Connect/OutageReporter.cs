using TurnServer.Client;

namespace TurnServer.Connect;

/// <summary>Reports when the server stops answering and when it answers again, but not each lost request.</summary>
/// <param name="url">The server.</param>
/// <param name="patience">How long the client retries.</param>
/// <param name="time">The clock; tests replace it.</param>
/// <param name="report">Called with each message for the user.</param>
internal sealed class OutageReporter(Uri url, TimeSpan patience, TimeProvider time, Action<string> report)
{
    // Retrying a single lost request takes less.
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private int _losses;
    private long _since;
    private bool _hasAnswered;
    private bool _isReported;

    /// <summary>The client's observer.</summary>
    public void Observe(TurnAttempt attempt)
    {
        lock (_lock)
        {
            if (attempt.Loss is null)
                NoteAnswer();
            else
                NoteLoss(attempt.Loss);
        }
    }

    private void NoteAnswer()
    {
        if (_isReported)
            report("the server answers again");
        _losses = 0;
        _hasAnswered = true;
        _isReported = false;
    }

    private void NoteLoss(string why)
    {
        if (_losses++ == 0)
            _since = time.GetTimestamp();
        // If it has never answered, it may be no turn server: the first loss may be the only one.
        var isOutage = _hasAnswered ? time.GetElapsedTime(_since) >= Noticeable : _losses > 1;
        if (_isReported || !isOutage)
            return;
        _isReported = true;
        report($"cannot reach {url}: {why}; trying for {patience.TotalSeconds:0.#} s");
    }
}
