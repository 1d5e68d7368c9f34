namespace TurnServer.Cluster;

/// <summary>Whether this server is to follow a shard. Any thread may switch it.</summary>
internal sealed class FollowSwitch : IDisposable
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _on = NewSource();
    private CancellationTokenSource _off = new();
    private volatile bool _isOn;

    public bool IsOn => _isOn;

    public void Set(bool isOn)
    {
        CancellationTokenSource? off = null;
        lock (_gate)
        {
            if (_isOn == isOn)
                return;
            _isOn = isOn;
            if (isOn)
            {
                _on.SetResult();
            }
            else
            {
                (off, _off) = (_off, new CancellationTokenSource());
                _on = NewSource();
            }
        }

        // Not disposed of: whoever follows may still use its token.
        off?.Cancel();
    }

    /// <summary>Waits until it is on. The token is cancelled when it is switched off.</summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task<CancellationToken> UntilOnAsync(CancellationToken stop)
    {
        while (true)
        {
            Task on;
            lock (_gate)
            {
                if (_isOn)
                    return _off.Token;
                on = _on.Task;
            }

            await on.WaitAsync(stop);
        }
    }

    public void Dispose() => _off.Dispose();

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
