using System.Net;

namespace TurnServer.Http;

/// <summary>An address to listen on, and the flags that set it.</summary>
/// <param name="Host">An IPv4 address of this machine; null means all addresses.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="FlagPrefix">The prefix of the two flags, such as <c>--</c> for --host and --port.</param>
internal sealed record ListenAddress(IPAddress? Host, int Port, string FlagPrefix);
