using System.Net;

namespace TurnServer.Http;

/// <summary>Where to listen, and which flags say so.</summary>
/// <param name="Host">An IPv4 address of this machine; null means all of them.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="FlagPrefix">How the two flags begin, such as <c>--</c> for --host and --port.</param>
internal sealed record ListenAddress(IPAddress? Host, int Port, string FlagPrefix);
