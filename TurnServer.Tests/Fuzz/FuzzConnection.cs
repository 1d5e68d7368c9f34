using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>A client connection with blocking I/O; each has its own thread.</summary>
internal sealed partial class FuzzConnection : IDisposable
{
    // Long enough for most optional replies; some may be missed.
    private static readonly TimeSpan OptionalReplyTimeout = TimeSpan.FromMilliseconds(8);

    // All that the server and its listener send. 500 would be a bug.
    private static readonly HashSet<int> Statuses =
        [100, 200, 204, 400, 404, 405, 408, 411, 413, 414, 417, 429, 501, 503, 505];

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        SendTimeout = (int)TestWait.Timeout.TotalMilliseconds,
    };

    private readonly byte[] _buffer = new byte[64 * 1024];

    public FuzzConnection(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>Whether the connection can be reused: all requests on it were complete and answered.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Sends an input and checks the reply. Returns the failure, or null.</summary>
    /// <exception cref="SocketException">The server closed the connection before or during the request.</exception>
    public string? Play(HttpInput input)
    {
        IsKept = false;
        Send(input);
        switch (input.Ending)
        {
            case Ending.Reset:
                Reset();
                return null;
            case Ending.Close:
                _socket.Close();
                return null;
            case Ending.HalfClose:
                _socket.Shutdown(SocketShutdown.Send);
                break;
            default:
                break;
        }

        return input.Expected is { } expected ? ReadExpected(expected) : ReadAnything();
    }

    /// <summary>Resets the connection if it is open.</summary>
    public void Reset()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Already closed by either end.
        }

        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private void Send(HttpInput input)
    {
        foreach (var piece in input.Pieces)
        {
            try
            {
                for (var sent = 0; sent < piece.Length;)
                    sent += _socket.Send(piece.AsSpan(sent));
            }
            catch (SocketException) when (input.Expected is null)
            {
                // The server has rejected the input early.
                return;
            }
        }
    }

    private string? ReadExpected(string expected)
    {
        var text = "";
        for (var startedAt = Stopwatch.GetTimestamp(); ;)
        {
            text = text.StartsWith("HTTP/1.1 100 Continue\r\n\r\n", StringComparison.Ordinal)
                ? text["HTTP/1.1 100 Continue\r\n\r\n".Length..]
                : text;
            if (WholeReply().Match(text) is { Success: true } reply)
            {
                var length = int.Parse(reply.Groups["length"].Value, CultureInfo.InvariantCulture);
                var body = text[reply.Length..];
                if (body.Length >= length)
                {
                    IsKept = !reply.Value.Contains("Connection: close", StringComparison.OrdinalIgnoreCase);
                    return body.Length == length && body.StartsWith(expected, StringComparison.Ordinal) ? null
                        : $"reply {text}, expected {expected}";
                }
            }

            if (Stopwatch.GetElapsedTime(startedAt) > TestWait.Timeout)
                return $"no complete reply within {TestWait.Timeout.TotalSeconds} s: {text}; expected {expected}";
            if (!_socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectRead))
                continue;
            var count = _socket.Receive(_buffer);
            if (count == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            text += Encoding.UTF8.GetString(_buffer, 0, count);
        }
    }

    private string? ReadAnything()
    {
        try
        {
            if (!_socket.Poll(OptionalReplyTimeout, SelectMode.SelectRead))
                return null;
            var text = Encoding.Latin1.GetString(_buffer, 0, _socket.Receive(_buffer));
            if (text.Length == 0)
                return null;
            var statuses = StatusLine().Matches(text);
            if (statuses.Count == 0 || statuses[0].Index != 0)
                return $"not an HTTP reply: {text}";
            return statuses.Any(status =>
                !Statuses.Contains(int.Parse(status.Groups[1].Value, CultureInfo.InvariantCulture)))
                ? $"unexpected status: {text}"
                : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\AHTTP/1\.1 \d\d\d [^\r]*\r\n(?:[^\r\n]+\r\n)*?"
        + @"Content-Length: (?<length>\d+)\r\n(?:[^\r\n]+\r\n)*\r\n")]
    private static partial Regex WholeReply();

    [GeneratedRegex(@"^HTTP/1\.[01] (\d\d\d) [^\r\n]*\r$", RegexOptions.Multiline)]
    private static partial Regex StatusLine();
}
