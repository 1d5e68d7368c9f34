namespace TurnServer.Http;

/// <summary>
/// How many threads wait for the events of sockets. .NET starts one for every thirty cores, enough to hand events to
/// the thread pool; WebSockets are served on these threads (<see cref="ListenerInternals.CompleteInline"/>), each of
/// which relays some 50 000 turns a second.
/// </summary>
internal static class SocketThreads
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    // The others are for HTTP, the journal and the garbage collector.
    private const int CoresPerThread = 2;

    /// <summary>
    /// Has .NET start one for every two cores, unless the variable is set. To be called before the first socket.
    /// </summary>
    public static void Configure()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
            Environment.SetEnvironmentVariable(Variable, $"{Math.Max(1, Environment.ProcessorCount / CoresPerThread)}");
    }
}
