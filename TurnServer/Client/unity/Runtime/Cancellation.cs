using System.Threading;
using System.Threading.Tasks;

namespace TurnServer.Client
{
    /// <summary>Waits for tasks that have no cancellation of their own.</summary>
    internal static class Cancellation
    {
        /// <summary>The result of the task; throws OperationCanceledException as soon as it is cancelled.</summary>
        public static async Task<T> WaitAsync<T>(Task<T> task, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            if (!cancel.CanBeCanceled)
                return await task;
            var cancelled = new TaskCompletionSource<T>();
            // On the thread of the game, wherever it is cancelled.
            using (cancel.Register(() => cancelled.TrySetCanceled(cancel), useSynchronizationContext: true))
                return await await Task.WhenAny(task, cancelled.Task);
        }
    }
}
