namespace TurnServer.Cli;

/// <summary>
/// A stream for messages that may be lost: what cannot be written, as the disk is full or its reader has gone, is
/// dropped, and the next message is tried again. No message is worth the games.
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
            // .NET's name for a descriptor that cannot be written (EBADF) is the latter.
        }
    }

    public override void Flush()
    {
        // It keeps nothing back.
    }
}
