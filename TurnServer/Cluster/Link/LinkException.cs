namespace TurnServer.Cluster.Link;

/// <summary>
/// A link could not be established, or the port for links could not be opened. The message names the address and the
/// reason.
/// </summary>
internal sealed class LinkException(string message, Exception? inner = null) : Exception(message, inner);
