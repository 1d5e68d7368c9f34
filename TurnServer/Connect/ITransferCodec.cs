using System.Buffers;

namespace TurnServer.Connect;

/// <summary>
/// How data travels as turns, without any input or output: one object for one transfer, which remembers where both
/// directions are. Encoding and decoding may go on at the same time.
/// </summary>
internal interface ITransferCodec
{
    /// <summary>The most input that is encoded at a time.</summary>
    int InputBytesMax { get; }

    /// <summary>Adds the turns that go out before any data.</summary>
    void Begin(List<ReadOnlyMemory<byte>> turns);

    /// <summary>Adds the turns that this input makes; what makes none yet is kept.</summary>
    void Encode(ReadOnlySpan<byte> input, List<ReadOnlyMemory<byte>> turns);

    /// <summary>Adds the last turns, after which this side has no more to say.</summary>
    void Finish(List<ReadOnlyMemory<byte>> turns);

    /// <summary>Reads a turn of the partner's and adds the data in it to the output.</summary>
    ReceivedTurn Decode(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output);
}

/// <summary>What a turn of the partner's was.</summary>
internal enum ReceivedKind
{
    /// <summary>Data, if anything.</summary>
    Data,

    /// <summary>The partner has no more to say, and all that it said has arrived.</summary>
    End,

    /// <summary>All that this side said has arrived at the partner.</summary>
    AllArrived,

    /// <summary>The transfer cannot go on.</summary>
    Fault,
}

/// <summary>What became of a turn of the partner's.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Answer">A turn to send once all data before has been written; empty: none.</param>
/// <param name="Fault">What is wrong, as it follows the partner's name in a sentence.</param>
internal readonly record struct ReceivedTurn(ReceivedKind Kind, ReadOnlyMemory<byte> Answer = default,
    string? Fault = null);
