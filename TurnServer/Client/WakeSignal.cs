using System.Threading.Channels;

namespace TurnServer.Client;

/// <summary>
/// Wakes a loop that waits for something to do. Several signals while it is awake count as one.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private Task _next = Task.CompletedTask;

    public void Set() => _signals.Writer.TryWrite(true);

    /// <summary>
    /// Completes with the next signal, or one that has come already; it is used up, so look for its cause after this
    /// call. Only the loop may call it.
    /// </summary>
    public Task Next(CancellationToken stop)
    {
        if (_next.IsCompleted)
            _next = _signals.Reader.ReadAsync(stop).AsTask();
        return _next;
    }
}
