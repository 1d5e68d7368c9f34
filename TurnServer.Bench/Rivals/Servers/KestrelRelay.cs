using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace TurnServer.Bench.Rivals.Servers;

/// <summary>Kestrel without hosting, middleware and logging, whose WebSockets are relayed.</summary>
internal sealed class KestrelRelay : MinimalKestrel
{
    // RFC 6455, 1.3.
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly PairRelay _relay = new();

    public override async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var headers = context.GetRequiredFeature<IHttpResponseFeature>().Headers;
        headers.Upgrade = "websocket";
        headers.Connection = "Upgrade";
        headers.SecWebSocketAccept = Accept(request.Headers.SecWebSocketKey!);
        var stream = await context.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        await _relay.RunAsync(request.Path, socket);
    }

    // SHA-1 is what RFC 6455 asks for; it protects nothing here.
#pragma warning disable CA5350
    private static string Accept(string? key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
}
