using TurnServer.Actor;

namespace TurnServer.Cli;

/// <summary>Prints both registries on standard output every so often: <c>--verbose</c>.</summary>
internal static class TableWatch
{
    /// <summary>Prints until it is stopped; with no interval it only waits for that.</summary>
    public static async Task RunAsync(TurnActor actor, TimeSpan? interval, CancellationToken stop)
    {
        if (interval is not { } period)
        {
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        using var timer = new PeriodicTimer(period);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await PrintAsync(actor);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private static async Task PrintAsync(TurnActor actor)
    {
        try
        {
            var view = await ActorProbe.AnswerAsync(
                actor.InquireAsync(table => table.View(TablePrinter.RowsMax)), TimeProvider.System);
            await Console.Out.WriteAsync(TablePrinter.Compose(view));
        }
        catch (ActorSilentException)
        {
            // Too busy to answer: the next time will do.
        }
    }
}
