using System.Net;

namespace TurnServer.Tests.Support;

/// <summary>Stands in for the way to the server and the server: keeps requests and makes up replies.</summary>
/// <param name="answer">The reply to each request, by its number from 0; may throw what a connection throws.</param>
internal sealed class StubHandler(Func<int, HttpResponseMessage> answer) : HttpMessageHandler
{
    /// <summary>The bodies of the requests so far.</summary>
    public List<byte[]> Bodies { get; } = [];

    public static HttpResponseMessage Reply(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body) };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
        CancellationToken cancellationToken)
    {
        Bodies.Add(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        return answer(Bodies.Count - 1);
    }
}
