using TurnServer.Protocol;

namespace TurnServer.Actor;

/// <summary>
/// Answers requests of players, whatever transport brings them: a body in, a reply out. Any thread may call it.
/// </summary>
public interface IPlayerGateway
{
    /// <summary>Parses a request, has it handled, and waits while the reply is held.</summary>
    /// <param name="body">The request; must not be changed until the reply has come.</param>
    /// <param name="received">The value of <c>Turn-Received</c>; null when there is none.</param>
    /// <param name="waitSeconds">How long the client is willing to wait for news; 0: not at all.</param>
    /// <param name="from">The client's address.</param>
    /// <param name="mayResumeInline">
    /// Whether another request's thread may resume the caller, who must then neither block nor work for long: the reply
    /// comes without a thread switch. Gateways may ignore it.
    /// </param>
    /// <exception cref="OutcomeUnknownException">The request may or may not have been applied.</exception>
    ValueTask<WireReply> AskAsync(ReadOnlyMemory<byte> body, string? received, int waitSeconds, ClientAddress from,
        bool mayResumeInline = false);

    /// <summary>Answers <c>GET /waiting</c> (PROTOCOL.md, "Pools").</summary>
    /// <param name="query">The query of its URL.</param>
    ValueTask<WireReply> GetWaitingAsync(string query);
}

/// <summary>
/// The server that had a request was lost, or cannot reach what it keeps games in, and nobody knows whether it applied
/// it; there is no reply. The client has to repeat it.
/// </summary>
public sealed class OutcomeUnknownException()
    : Exception("The server that had the request was lost; whether it took it is unknown.");
