namespace TurnServer.Client;

/// <summary>
/// Drives a <see cref="SeatMachine"/>: sends its requests one after the other, waits as long as it says, and abandons a
/// held reply when there is a turn to send.
/// </summary>
internal sealed class SeatLoop(RequestSender sender, SeatMachine machine, TurnClientOptions options,
    WakeSignal wakeSignal) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly long _startedAt = options.Time.GetTimestamp();
    private Task _running = Task.CompletedTask;
    private Task _abandoned = Task.CompletedTask;

    // −1: not told. Written by the loop, read by any thread.
    private volatile int _partnerSilentSeconds = -1;

    /// <summary>See <see cref="TurnGame.PartnerSilent"/>.</summary>
    public TimeSpan? PartnerSilent =>
        _partnerSilentSeconds is >= 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Starts to play.</summary>
    public void Start() => _running = RunAsync();

    /// <summary>
    /// Completes when the game is over, or the outbox is finished and sent. Throws only on bugs and cancellation.
    /// </summary>
    public Task WaitAsync(CancellationToken cancel) => _running.WaitAsync(cancel);

    /// <summary>Ends the loop at once. A bug is thrown to callers that receive or wait.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _abandoned;
        _stop.Dispose();
    }

    private TimeSpan Now => options.Time.GetElapsedTime(_startedAt);

    private async Task RunAsync()
    {
        Exception? failure = null;
        try
        {
            await StepUntilStoppedAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (Exception bug)
        {
            failure = bug;
            throw;
        }
        finally
        {
            machine.Close(failure);
        }
    }

    private async Task StepUntilStoppedAsync()
    {
        while (true)
        {
            // Before the machine looks at the queues, so that no change is missed.
            var woken = wakeSignal.Next(_stop.Token);
            var step = machine.Next(Now);
            switch (step.Kind)
            {
                case SeatStepKind.Stop:
                    return;
                case SeatStepKind.Pause:
                    await woken.WaitAsync(step.Pause, options.Time, _stop.Token)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    _stop.Token.ThrowIfCancellationRequested();
                    break;
                case SeatStepKind.Send when step.Request.Wait > TimeSpan.Zero:
                    await SendHeldAsync(step.Request);
                    break;
                case SeatStepKind.Send:
                    Complete(await sender.SendAsync(step.Request, _stop.Token));
                    break;
            }
        }
    }

    private async Task SendHeldAsync(OutgoingRequest request)
    {
        var abandon = new CancellationTokenSource();
        var held = sender.SendAsync(request, _stop.Token, abandon.Token);
        while (!held.IsCompleted && !_stop.IsCancellationRequested)
        {
            var woken = wakeSignal.Next(_stop.Token);
            if (machine.ShouldAbandonHeldReply)
            {
                _abandoned = AbandonAsync(_abandoned, held, abandon);
                machine.Abandon(Now);
                return;
            }

            await Task.WhenAny(held, woken);
        }

        using (abandon)
            Complete(await held);
    }

    private void Complete(in RequestOutcome outcome)
    {
        _partnerSilentSeconds = outcome.Reply.PartnerSilentSeconds ?? _partnerSilentSeconds;
        machine.Complete(outcome, Now);
    }

    private static async Task AbandonAsync(Task before, Task held, CancellationTokenSource abandon)
    {
        await abandon.CancelAsync();
        await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        abandon.Dispose();
        await before;
    }
}
