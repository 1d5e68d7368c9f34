using System.Buffers;

namespace TurnServer.Connect;

/// <summary>
/// Encodes data as turns and decodes it, without I/O. One instance serves one transfer and holds the state of both
/// directions; one thread may encode while another decodes.
/// </summary>
internal interface ITransferCodec
{
    /// <summary>The most input to encode at a time, in bytes.</summary>
    int InputBytesMax { get; }

    /// <summary>Adds the turns to send before any data.</summary>
    void Begin(List<ReadOnlyMemory<byte>> turns);

    /// <summary>Adds the turns for this input; an incomplete rest is kept for the next call.</summary>
    void Encode(ReadOnlySpan<byte> input, List<ReadOnlyMemory<byte>> turns);

    /// <summary>Adds the last turns: the input has ended.</summary>
    void Finish(List<ReadOnlyMemory<byte>> turns);

    /// <summary>Decodes a turn of the partner and adds its data to the output.</summary>
    ReceivedTurn Decode(ReadOnlySpan<byte> turn, ArrayBufferWriter<byte> output);
}

/// <summary>Kinds of turns that a partner sends.</summary>
internal enum ReceivedKind
{
    /// <summary>Data, possibly none.</summary>
    Data,

    /// <summary>The partner's input has ended, and all of it has arrived.</summary>
    End,

    /// <summary>The partner confirms that everything from this side has arrived.</summary>
    AllArrived,

    /// <summary>The transfer cannot go on.</summary>
    Fault,
}

/// <summary>A decoded turn of the partner.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Answer">The turn to send once all data before it has been written; empty: none.</param>
/// <param name="Fault">What is wrong, as the predicate of a sentence about the partner.</param>
internal readonly record struct ReceivedTurn(ReceivedKind Kind, ReadOnlyMemory<byte> Answer = default,
    string? Fault = null);
