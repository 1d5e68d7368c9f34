using Microsoft.AspNetCore.Http.Features;
using TurnServer.Bench.Rivals.Servers;

namespace TurnServer.Bench.Compare;

/// <summary>
/// A baseline of <c>bench compare</c>: Kestrel without hosting, middleware and logging reads the body and replies with
/// the same six bytes as <see cref="BareListener"/>.
/// </summary>
internal sealed class BareKestrel : MinimalKestrel
{
    private static readonly byte[] Reply = "0/10/*"u8.ToArray();

    public override async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var body = new byte[request.Headers.ContentLength ?? 0];
        await request.Body.ReadExactlyAsync(body);
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = 200;
        response.Headers.ContentLength = Reply.Length;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(Reply);
    }
}
