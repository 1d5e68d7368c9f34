using System.Net.Sockets;

namespace TurnServer.Http;

/// <summary>
/// A connection's stream under which the listener's own callbacks fail softly. One that throws would end the process:
/// when a client stops reading until the send buffer is full and then sends garbage, the callback of the error page
/// closes what is closed already (dotnet/runtime#71364).
/// </summary>
/// <param name="socket">The listener's: it closes it itself.</param>
/// <remarks>
/// Compiled ahead of time the runtime asks no handler of unhandled exceptions about those of continuations, so that
/// <see cref="ListenerFaults"/> alone does not do.
/// </remarks>
internal sealed class CarefulStream(Socket socket) : NetworkStream(socket, ownsSocket: false)
{
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback,
        object? state) =>
        base.BeginWrite(buffer, offset, count, callback is null ? null : result => Call(callback, result), state);

    private static void Call(AsyncCallback callback, IAsyncResult result)
    {
        try
        {
            callback(result);
        }
        catch (ObjectDisposedException e) when (ListenerFaults.IsHeldBack(e))
        {
            // Logged by the filter.
        }
    }
}
