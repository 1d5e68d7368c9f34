using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace TurnServer.Bench.Compare;

/// <summary>
/// A baseline of <c>bench compare</c>: Kestrel without hosting, middleware and logging reads the body and replies with
/// the same six bytes as <see cref="BareListener"/>.
/// </summary>
internal sealed class BareKestrel : IHttpApplication<IFeatureCollection>
{
    private static readonly byte[] Reply = "0/10/*"u8.ToArray();

    /// <summary>Serves until the process is killed.</summary>
    public static async Task<int> RunAsync(int port)
    {
        var options = new KestrelServerOptions();
        options.Listen(IPAddress.Any, port);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()),
            NullLoggerFactory.Instance);
        using var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        await server.StartAsync(new BareKestrel(), CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var body = new byte[request.Headers.ContentLength ?? 0];
        await request.Body.ReadExactlyAsync(body);
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = 200;
        response.Headers.ContentLength = Reply.Length;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(Reply);
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // Nothing to dispose.
    }
}
