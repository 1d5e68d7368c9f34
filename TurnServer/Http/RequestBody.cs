using System.Diagnostics;
using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>How the reading of a body ended.</summary>
internal enum BodyOutcome
{
    /// <summary>All of it is here.</summary>
    Read,

    /// <summary>It is longer than <see cref="ProtocolLimits.BodyBytesMax"/>.</summary>
    TooLong,

    /// <summary>It did not arrive in time; the connection must be given up.</summary>
    TimedOut,

    /// <summary>The client left, or its chunks are malformed; the connection must be given up.</summary>
    Broken,
}

/// <summary>Reads a request's body within a size and a time.</summary>
/// <param name="Outcome">How the reading ended.</param>
/// <param name="Bytes">The body, when all of it is here.</param>
/// <param name="LeavesRest">Whether a part was left unread, so that the connection cannot be used again.</param>
internal readonly record struct RequestBody(BodyOutcome Outcome, ReadOnlyMemory<byte> Bytes = default,
    bool LeavesRest = false)
{
    // A client that is still sending when its connection is closed does not see the reply: so much of a body that is
    // too long is read and thrown away first.
    private const int ThrownAwayBytesMax = 1024 * 1024;

    // The listener reads chunks by calling itself, some three calls for each chunk, until it has all that was asked
    // for: a body of 16 000 chunks of one byte would overflow the stack and end the process. So little is asked for at
    // once.
    private const int ChunkedReadBytesMax = 256;

    /// <summary>Reads the whole body, or as much as is allowed.</summary>
    public static ValueTask<RequestBody> ReadAsync(HttpListenerRequest request, TimeSpan timeout)
    {
        var length = request.ContentLength64;
        if (length is < 0 or > ProtocolLimits.BodyBytesMax)
            return ReadUnboundedAsync(request.InputStream, timeout, isChunked: length < 0);
        if (length == 0)
            return ValueTask.FromResult(new RequestBody(BodyOutcome.Read));

        var bytes = new byte[length];
        var stream = request.InputStream;
        if (!ListenerInternals.Available || ListenerInternals.BufferedBytesOf(stream) < length)
            return ReadExactlyAsync(stream, bytes, timeout);
        stream.ReadExactly(bytes);
        return ValueTask.FromResult(new RequestBody(BodyOutcome.Read, bytes));
    }

    private static async ValueTask<RequestBody> ReadExactlyAsync(Stream stream, byte[] bytes, TimeSpan timeout)
    {
        var (outcome, read) = await FillAsync(stream, bytes, bytes.Length, timeout, Stopwatch.GetTimestamp());
        if (outcome == BodyOutcome.Read && read < bytes.Length)
            outcome = BodyOutcome.Broken;
        return new RequestBody(outcome, bytes);
    }

    // A chunked body, whose length shows only as it comes, or one that is known to be too long.
    private static async ValueTask<RequestBody> ReadUnboundedAsync(Stream stream, TimeSpan timeout, bool isChunked)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var bytes = new byte[ProtocolLimits.BodyBytesMax + 1];
        var readBytesMax = isChunked ? ChunkedReadBytesMax : bytes.Length;
        var (outcome, read) = await FillAsync(stream, bytes, readBytesMax, timeout, startedAt);
        if (outcome != BodyOutcome.Read)
            return new RequestBody(outcome);
        if (read <= ProtocolLimits.BodyBytesMax)
            return new RequestBody(BodyOutcome.Read, bytes.AsMemory(0, read));

        var last = read;
        for (var thrownAway = 0; last == bytes.Length && thrownAway < ThrownAwayBytesMax; thrownAway += last)
        {
            (outcome, last) = await FillAsync(stream, bytes, readBytesMax, timeout, startedAt);
            if (outcome != BodyOutcome.Read)
                return new RequestBody(outcome);
        }

        return new RequestBody(BodyOutcome.TooLong, LeavesRest: last == bytes.Length);
    }

    // Reads until the buffer is full or the body ends.
    private static async ValueTask<(BodyOutcome Outcome, int Read)> FillAsync(Stream stream, byte[] buffer,
        int readBytesMax, TimeSpan timeout, long startedAt)
    {
        var read = 0;
        try
        {
            while (read < buffer.Length)
            {
                // The listener's stream does not listen to cancellation: the time is kept beside it.
                var pending = stream.ReadAsync(buffer, read, Math.Min(readBytesMax, buffer.Length - read));
                var left = timeout - Stopwatch.GetElapsedTime(startedAt);
                var count = pending.IsCompleted
                    ? await pending
                    : await pending.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
                if (count == 0)
                    break;
                read += count;
            }

            return (BodyOutcome.Read, read);
        }
        catch (TimeoutException)
        {
            return (BodyOutcome.TimedOut, read);
        }
        catch (Exception e) when (ClientFault.Is(e))
        {
            return (BodyOutcome.Broken, read);
        }
    }
}
