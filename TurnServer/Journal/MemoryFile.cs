namespace TurnServer.Journal;

/// <summary>A segment's bytes with no file behind them, for as long as the state's directory is lost.</summary>
internal sealed class MemoryFile(int length) : ISegmentFile
{
    private readonly byte[] _bytes = new byte[length];

    public Span<byte> Bytes => _bytes;

    public void Push(int from, int until)
    {
        // There is nowhere to push it to.
    }

    public void Flush()
    {
        // The same.
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
