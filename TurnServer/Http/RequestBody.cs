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

    // A length is a claim: ten thousand connections that announce the longest body and send none of it would take
    // 160 MB, and several times that until the collector has come round. Memory is taken as the body
    // comes, and at once no more than most turns need.
    private const int FirstBytesMax = 1024;

    // Of FirstBytesMax, the longest body is two steps away.
    private const int GrowthFactor = 4;

    /// <summary>Reads the whole body, or as much as is allowed.</summary>
    public static ValueTask<RequestBody> ReadAsync(HttpListenerRequest request, TimeSpan timeout)
    {
        var length = request.ContentLength64;
        if (length is < 0 or > ProtocolLimits.BodyBytesMax)
            return ReadUnboundedAsync(request.InputStream, timeout, isChunked: length < 0);
        if (length == 0)
            return ValueTask.FromResult(new RequestBody(BodyOutcome.Read));

        var stream = request.InputStream;
        var buffered = ListenerInternals.Available ? ListenerInternals.BufferedBytesOf(stream) : 0;
        if (buffered < length)
            return ReadExactlyAsync(stream, (int)length, buffered, timeout);
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return ValueTask.FromResult(new RequestBody(BodyOutcome.Read, bytes));
    }

    private static async ValueTask<RequestBody> ReadExactlyAsync(Stream stream, int length, int buffered,
        TimeSpan timeout)
    {
        // What is here already is read at once.
        var bytes = new byte[Math.Min(Math.Max(buffered, FirstBytesMax), length)];
        var body = await FillAsync(stream, bytes, length, length, timeout, Stopwatch.GetTimestamp());
        var isShort = body.Outcome == BodyOutcome.Read && body.Bytes.Length < length;
        return isShort ? body with { Outcome = BodyOutcome.Broken } : body;
    }

    // A chunked body, whose length shows only as it comes, or one that is known to be too long.
    private static async ValueTask<RequestBody> ReadUnboundedAsync(Stream stream, TimeSpan timeout, bool isChunked)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var bytesMax = ProtocolLimits.BodyBytesMax + 1;
        var readBytesMax = isChunked ? ChunkedReadBytesMax : bytesMax;
        var body = await FillAsync(stream, new byte[FirstBytesMax], bytesMax, readBytesMax, timeout, startedAt);
        if (body.Outcome != BodyOutcome.Read)
            return body;
        if (body.Bytes.Length < bytesMax)
        {
            var isCutOff = isChunked && ListenerInternals.Available && ListenerInternals.LacksChunks(stream);
            return isCutOff ? body with { Outcome = BodyOutcome.Broken } : body;
        }

        var bytes = new byte[bytesMax];
        var last = bytesMax;
        for (var thrownAway = 0; last == bytesMax && thrownAway < ThrownAwayBytesMax; thrownAway += last)
        {
            var rest = await FillAsync(stream, bytes, bytesMax, readBytesMax, timeout, startedAt);
            if (rest.Outcome != BodyOutcome.Read)
                return rest;
            last = rest.Bytes.Length;
        }

        return new RequestBody(BodyOutcome.TooLong, LeavesRest: last == bytesMax);
    }

    // Reads until there are so many bytes or the body ends, into a buffer that grows as they come.
    private static async ValueTask<RequestBody> FillAsync(Stream stream, byte[] buffer, int bytesMax,
        int readBytesMax, TimeSpan timeout, long startedAt)
    {
        var read = 0;
        try
        {
            while (read < bytesMax)
            {
                if (read == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(read * GrowthFactor, bytesMax));
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

            return new RequestBody(BodyOutcome.Read, buffer.AsMemory(0, read));
        }
        catch (TimeoutException)
        {
            return new RequestBody(BodyOutcome.TimedOut);
        }
        catch (Exception e) when (ClientFault.Is(e))
        {
            return new RequestBody(BodyOutcome.Broken);
        }
    }
}
