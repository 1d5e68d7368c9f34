using System.Net;
using System.Net.Sockets;

namespace TurnServer.Tests.Support;

/// <summary>Free TCP ports for servers that tests start.</summary>
internal static class Ports
{
    private const int Min = 20_000;

    // The kernel assigns ports from 32768 on to outgoing connections.
    private const int Max = 32_767;

    private static int _last = Random.Shared.Next(Max);

    /// <summary>A port on which nothing listens, and which no other test has been given recently.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = Min + (int)((uint)Interlocked.Increment(ref _last) % (Max - Min + 1));
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // In use: try the next one.
            }
        }
    }

    /// <summary>The first of <paramref name="count"/> consecutive free ports.</summary>
    public static int NextRange(int count)
    {
        var first = Next();
        for (var offset = 1; offset < count; offset++)
        {
            var port = Next();
            // Another test has taken a port in between: restart the range here.
            if (port != first + offset)
                (first, offset) = (port, 0);
        }

        return first;
    }
}
