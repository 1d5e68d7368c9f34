using System.Diagnostics;
using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>How reading a body ended.</summary>
internal enum BodyOutcome
{
    /// <summary>The body is complete.</summary>
    Read,

    /// <summary>
    /// The body is longer than <see cref="ProtocolLimits.BodyBytesMax"/>; the rest has not been read.
    /// </summary>
    TooLong,

    /// <summary>The body did not arrive in time; the connection must be closed.</summary>
    TimedOut,

    /// <summary>The client left, or its chunks are malformed; the connection must be closed.</summary>
    Broken,
}

/// <summary>A request's body, read within a size limit and a timeout.</summary>
/// <param name="Outcome">How reading ended.</param>
/// <param name="Bytes">The body, if it is complete.</param>
internal readonly record struct RequestBody(BodyOutcome Outcome, ReadOnlyMemory<byte> Bytes = default)
{
    // How much of an oversized body is drained, so that the client sees the reply: one that is still sending when its
    // connection is closed may lose it.
    private const int DrainedBytesMax = 1024 * 1024;

    private const int DrainBufferBytes = 16 * 1024;

    // The listener reads chunks recursively, some three calls for each, until it has what was asked for: a body of
    // 16,000 chunks of one byte would overflow the stack and end the process. So each read asks for little.
    private const int ChunkedReadBytesMax = 256;

    // Content-Length is only a claim: ten thousand connections that announce the longest body and send nothing would
    // take 160 MB, and several times that until the next collection. So buffers grow as the body arrives, from a size
    // that is enough for most turns.
    private const int FirstBytesMax = 1024;

    // The longest body takes two steps.
    private const int GrowthFactor = 4;

    /// <summary>Reads the body, or as much of it as the limit allows.</summary>
    public static ValueTask<RequestBody> ReadAsync(HttpListenerRequest request, TimeSpan timeout)
    {
        var length = request.ContentLength64;
        switch (length)
        {
            case < 0:
                return ReadChunkedAsync(request.InputStream, timeout);
            case 0:
                return ValueTask.FromResult(new RequestBody(BodyOutcome.Read));
            case > ProtocolLimits.BodyBytesMax:
                return ValueTask.FromResult(new RequestBody(BodyOutcome.TooLong));
        }

        var stream = request.InputStream;
        var buffered = ListenerInternals.Available ? ListenerInternals.BufferedBytesOf(stream) : 0;
        if (buffered < length)
            return ReadExactlyAsync(stream, (int)length, buffered, timeout);
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return ValueTask.FromResult(new RequestBody(BodyOutcome.Read, bytes));
    }

    /// <summary>
    /// Drains up to 1 MiB of an oversized body so that the client sees the reply.
    /// </summary>
    /// <param name="request">A request that has been answered and whose connection is about to be closed.</param>
    /// <param name="timeout">The longest that draining may take.</param>
    /// <param name="stop">Ends draining early.</param>
    public static async Task DrainAsync(HttpListenerRequest request, TimeSpan timeout, CancellationToken stop)
    {
        var stream = request.InputStream;
        var bytesMax = request.ContentLength64 < 0 ? ChunkedReadBytesMax : DrainBufferBytes;
        var buffer = new byte[bytesMax];
        var startedAt = Stopwatch.GetTimestamp();
        for (var drained = 0; drained < DrainedBytesMax;)
        {
            var left = timeout - Stopwatch.GetElapsedTime(startedAt);
            var pending = stream.ReadAsync(buffer, 0, bytesMax, CancellationToken.None);
            await ((Task)pending).WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!pending.IsCompletedSuccessfully || pending.Result == 0)
                return;
            drained += pending.Result;
        }
    }

    private static async ValueTask<RequestBody> ReadExactlyAsync(Stream stream, int length, int buffered,
        TimeSpan timeout)
    {
        // Large enough to read what is buffered in one go.
        var bytes = new byte[Math.Min(Math.Max(buffered, FirstBytesMax), length)];
        var body = await FillAsync(stream, bytes, length, length, timeout, Stopwatch.GetTimestamp());
        var isShort = body.Outcome == BodyOutcome.Read && body.Bytes.Length < length;
        return isShort ? body with { Outcome = BodyOutcome.Broken } : body;
    }

    // The length of a chunked body is known only at its end.
    private static async ValueTask<RequestBody> ReadChunkedAsync(Stream stream, TimeSpan timeout)
    {
        var body = await FillAsync(stream, new byte[FirstBytesMax], ProtocolLimits.BodyBytesMax + 1,
            ChunkedReadBytesMax, timeout, Stopwatch.GetTimestamp());
        if (body.Outcome != BodyOutcome.Read)
            return body;
        if (body.Bytes.Length > ProtocolLimits.BodyBytesMax)
            return new RequestBody(BodyOutcome.TooLong);
        var isTruncated = ListenerInternals.Available && ListenerInternals.LacksChunks(stream);
        return isTruncated ? body with { Outcome = BodyOutcome.Broken } : body;
    }

    // Reads up to the limit or the end of the body, into a buffer that grows as bytes arrive.
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
                // The listener's stream ignores cancellation, so the timeout is enforced here.
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
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            return new RequestBody(BodyOutcome.Broken);
        }
    }
}
