using System.Diagnostics;
using System.Net;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>How the reading of a body ended.</summary>
internal enum BodyOutcome
{
    /// <summary>All of it is here.</summary>
    Read,

    /// <summary>
    /// It is longer than <see cref="ProtocolLimits.BodyBytesMax"/>; what is left of it has not been read.
    /// </summary>
    TooLong,

    /// <summary>It did not arrive in time; the connection must be given up.</summary>
    TimedOut,

    /// <summary>The client left, or its chunks are malformed; the connection must be given up.</summary>
    Broken,
}

/// <summary>Reads a request's body within a size and a time.</summary>
/// <param name="Outcome">How the reading ended.</param>
/// <param name="Bytes">The body, when all of it is here.</param>
internal readonly record struct RequestBody(BodyOutcome Outcome, ReadOnlyMemory<byte> Bytes = default)
{
    // How much of a body is read after its request was answered, so that the client sees the reply: one that is still
    // sending when its connection is closed may not.
    private const int DrainedBytesMax = 1024 * 1024;

    private const int DrainBufferBytes = 16 * 1024;

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
    /// Reads what a client is still sending of a body that was not read, up to 1 MiB, and throws it away.
    /// </summary>
    /// <param name="request">Answered, on a connection that is closed next.</param>
    /// <param name="timeout">How long that may take.</param>
    /// <param name="stop">Ends it early.</param>
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
        // What is here already is read at once.
        var bytes = new byte[Math.Min(Math.Max(buffered, FirstBytesMax), length)];
        var body = await FillAsync(stream, bytes, length, length, timeout, Stopwatch.GetTimestamp());
        var isShort = body.Outcome == BodyOutcome.Read && body.Bytes.Length < length;
        return isShort ? body with { Outcome = BodyOutcome.Broken } : body;
    }

    // The length of a chunked body shows only as it comes.
    private static async ValueTask<RequestBody> ReadChunkedAsync(Stream stream, TimeSpan timeout)
    {
        var body = await FillAsync(stream, new byte[FirstBytesMax], ProtocolLimits.BodyBytesMax + 1,
            ChunkedReadBytesMax, timeout, Stopwatch.GetTimestamp());
        if (body.Outcome != BodyOutcome.Read)
            return body;
        if (body.Bytes.Length > ProtocolLimits.BodyBytesMax)
            return new RequestBody(BodyOutcome.TooLong);
        var isCutOff = ListenerInternals.Available && ListenerInternals.LacksChunks(stream);
        return isCutOff ? body with { Outcome = BodyOutcome.Broken } : body;
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
        catch (Exception e) when (ClientDisconnect.Caused(e))
        {
            return new RequestBody(BodyOutcome.Broken);
        }
    }
}
