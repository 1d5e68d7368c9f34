using System.Threading.Channels;

namespace TurnServer.Client;

/// <summary>
/// Wakes a loop that waits until there may be something to do. Several calls while it is awake are one.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> _calls = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Task _next = Task.CompletedTask;

    public void Call() => _calls.Writer.TryWrite(true);

    /// <summary>
    /// Completes with the next call; one that has come already is used up, so look for its cause after this. For the
    /// loop alone.
    /// </summary>
    public Task Next(CancellationToken stop)
    {
        if (_next.IsCompleted)
            _next = _calls.Reader.ReadAsync(stop).AsTask();
        return _next;
    }
}
