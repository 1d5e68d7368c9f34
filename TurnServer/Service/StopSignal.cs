using System.Runtime.InteropServices;

namespace TurnServer.Service;

/// <summary>
/// SIGTERM and SIGINT: the first asks the server to stop, the second has its default effect and ends it at once.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;

    public StopSignal()
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Receive);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Receive);
    }

    /// <summary>Completed by the first signal, with its name.</summary>
    public Task<string> Task => _received.Task;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stopping.Token;

    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _stopping.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        if (!_received.TrySetResult(context.Signal.ToString()))
            return;
        context.Cancel = true;
        _stopping.Cancel();
    }
}
