using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace TurnServer.Http;

/// <summary>
/// Suppresses exceptions that HttpListener throws on its own threads, where nothing can catch them and a client could
/// crash the process with them. Any other unhandled exception still ends the process.
/// </summary>
internal static class ListenerExceptions
{
    private static ILogger? _log;

    /// <summary>Starts suppressing. Only the first call counts: the runtime takes one handler per process.</summary>
    public static void Suppress(ILogger log)
    {
        if (Interlocked.Exchange(ref _log, log) is null)
            ExceptionHandling.SetUnhandledExceptionHandler(IsSuppressed);
    }

    /// <summary>Whether this is one of them; if so, it is logged.</summary>
    public static bool IsSuppressed(Exception exception)
    {
        if (!IsKnown(exception))
            return false;
        if (_log is { } log)
            Log.ListenerExceptionSuppressed(log, exception.GetType().Name);
        return true;
    }

    private static bool IsKnown(Exception exception)
    {
        var stack = exception.StackTrace ?? "";
        return exception switch
        {
            // A client that stops reading until the send buffer is full and then sends garbage: the callback of the
            // error page closes what is already closed (dotnet/runtime#71364).
            ObjectDisposedException => stack.Contains("System.Net.HttpListenerResponse.", StringComparison.Ordinal),
            // A client that connects while the listener starts: it locks an object that it has yet to create
            // (dotnet/corefx#35191).
            ArgumentNullException => stack.Contains("System.Net.HttpEndPointListener.", StringComparison.Ordinal),
            _ => false,
        };
    }
}
