using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace TurnServer.Bench.Rivals.Servers;

/// <summary>Kestrel without hosting, middleware and logging, whose WebSockets are relayed.</summary>
internal sealed class KestrelRelay : IHttpApplication<IFeatureCollection>
{
    // RFC 6455, 1.3.
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private readonly PairRelay _relay = new();

    /// <summary>Serves until the process is killed.</summary>
    public static async Task<int> RunAsync(int port)
    {
        var options = new KestrelServerOptions();
        options.Listen(IPAddress.Any, port);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()),
            NullLoggerFactory.Instance);
        using var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        await server.StartAsync(new KestrelRelay(), CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public async Task ProcessRequestAsync(IFeatureCollection context)
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

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // Nothing to dispose.
    }

    // SHA-1 is what RFC 6455 asks for; it protects nothing here.
#pragma warning disable CA5350
    private static string Accept(string? key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));
#pragma warning restore CA5350
}
