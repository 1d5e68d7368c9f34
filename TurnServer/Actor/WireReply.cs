using TurnServer.Protocol;

namespace TurnServer.Actor;

/// <summary>A reply as the HTTP front sends it.</summary>
/// <param name="Body">The reply's bytes. They may be shared: they must not be written to.</param>
/// <param name="Error">What decides the HTTP status.</param>
/// <param name="AppliedWaitSeconds">For a reply that was held, how long it might have been; otherwise 0.</param>
public readonly record struct WireReply(byte[] Body, ErrorCode Error, int AppliedWaitSeconds = 0)
{
    /// <summary>What a successful reply says, for those who count; without meaning when there is an error.</summary>
    public ReplyCode Code { get; init; }

    /// <summary>A reply that is not held, made of the rules' or the parser's.</summary>
    public static WireReply Of(in Reply reply, int appliedWaitSeconds = 0) =>
        new(ReplyWriter.ToBytes(reply), reply.Error, appliedWaitSeconds) { Code = reply.Code };
}
