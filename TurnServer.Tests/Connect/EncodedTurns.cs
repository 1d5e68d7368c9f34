using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>The turns that a codec encodes an input to.</summary>
internal static class EncodedTurns
{
    /// <summary>The turns for an input that is read in these pieces, its beginning and end included.</summary>
    public static List<ReadOnlyMemory<byte>> Of(ITransferCodec codec, byte[][] pieces)
    {
        var turns = new List<ReadOnlyMemory<byte>>();
        codec.Begin(turns);
        foreach (var piece in pieces)
            codec.Encode(piece, turns);
        codec.Finish(turns);
        return turns;
    }
}
