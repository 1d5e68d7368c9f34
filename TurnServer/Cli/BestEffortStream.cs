namespace TurnServer.Cli;

/// <summary>
/// Drops what cannot be written, because the disk is full or the reader has gone, instead of throwing: a lost message
/// must not end the games.
/// </summary>
internal sealed class BestEffortStream(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
            inner.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // EBADF is an UnauthorizedAccessException.
        }
    }

    public override void Flush()
    {
        // Write flushes.
    }
}
