namespace TurnServer.Tests.Support;

/// <summary>What happens to a request on its way to the server and back.</summary>
internal enum NetworkFault
{
    None,

    /// <summary>The connection is closed; the server never sees the request.</summary>
    DropRequest,

    /// <summary>No reply, and the connection stays open; the server never sees the request.</summary>
    SwallowRequest,

    /// <summary>The request is refused as too large (413); the server never sees it.</summary>
    RefuseLength,

    /// <summary>The server handles the request; the connection is closed without a reply.</summary>
    DropReply,

    /// <summary>The server gets the request late, maybe after the client has given up and moved on.</summary>
    DelayRequest,

    /// <summary>The server handles the request at once; the client gets the reply late.</summary>
    DelayReply,

    /// <summary>The server gets the request twice; the client gets the second reply.</summary>
    SendTwice,

    /// <summary>The server gets the request again later; that reply is discarded.</summary>
    SendAgainLater,

    /// <summary>The connection is closed after the first bytes of the reply.</summary>
    CutReply,
}
