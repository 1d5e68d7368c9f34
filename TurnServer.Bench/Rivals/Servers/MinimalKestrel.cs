using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace TurnServer.Bench.Rivals.Servers;

/// <summary>Kestrel without hosting, middleware and logging.</summary>
internal abstract class MinimalKestrel : IHttpApplication<IFeatureCollection>
{
    /// <summary>Serves until the process is killed.</summary>
    public async Task<int> RunAsync(int port)
    {
        var options = new KestrelServerOptions();
        options.Listen(IPAddress.Any, port);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()),
            NullLoggerFactory.Instance);
        using var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        await server.StartAsync(this, CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public abstract Task ProcessRequestAsync(IFeatureCollection context);

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // Nothing to dispose.
    }
}
