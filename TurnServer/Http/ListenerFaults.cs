using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace TurnServer.Http;

/// <summary>
/// Exceptions that the listener throws on threads of its own, where nobody can catch them and a client could end the
/// process with them. Only these are held back; any other unhandled exception ends the process as ever.
/// </summary>
internal static class ListenerFaults
{
    private static ILogger? _log;

    /// <summary>
    /// Holds them back from now on. Only the first call counts: the runtime takes one handler per process.
    /// </summary>
    public static void HoldBack(ILogger log)
    {
        if (Interlocked.Exchange(ref _log, log) is null)
            ExceptionHandling.SetUnhandledExceptionHandler(IsHeldBack);
    }

    /// <summary>Whether it is one of them; then it is logged.</summary>
    public static bool IsHeldBack(Exception exception)
    {
        if (!IsKnown(exception))
            return false;
        if (_log is { } log)
            Log.ListenerExceptionHeldBack(log, exception.GetType().Name);
        return true;
    }

    private static bool IsKnown(Exception exception)
    {
        var stack = exception.StackTrace ?? "";
        return exception switch
        {
            // A client that stops reading until the send buffer is full and then sends garbage: the callback of the
            // error page closes what is closed already (dotnet/runtime#71364).
            ObjectDisposedException => stack.Contains("System.Net.HttpListenerResponse.", StringComparison.Ordinal),
            // A client that connects in the instant in which the listener starts: it locks an object that it has yet to
            // make (dotnet/corefx#35191).
            ArgumentNullException => stack.Contains("System.Net.HttpEndPointListener.", StringComparison.Ordinal),
            _ => false,
        };
    }
}
