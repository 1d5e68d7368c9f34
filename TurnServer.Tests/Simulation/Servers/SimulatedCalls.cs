using TurnServer.Journal;

namespace TurnServer.Tests.Simulation;

/// <summary>Calls of a simulated log, all of which complete at once.</summary>
internal static class SimulatedCalls
{
    public static T Result<T>(Task<T> task) => task.IsCompleted
        ? task.GetAwaiter().GetResult()
        : throw new MismatchException("a call that completes at once", "one that waits");
}

/// <summary>A reply that leaves once its record is in the log.</summary>
/// <param name="reply">The reply.</param>
/// <param name="deliver">Sends it.</param>
internal sealed class DeferredReply(SerializedReply reply, Action<SerializedReply> deliver) : IDeferredReply
{
    public void Release() => deliver(reply);

    // One that is given up has no reader: its client asks again.
    public void Fail(Exception reason)
    {
    }
}
