using System.Net;

namespace TurnServer.Tests.Support;

/// <summary>An HTTP handler in place of network and server: stores requests, makes up replies.</summary>
/// <param name="answer">Replies to the request of this index; may throw as a broken connection does.</param>
internal sealed class StubHandler(Func<int, HttpResponseMessage> answer) : HttpMessageHandler
{
    /// <summary>The request bodies so far.</summary>
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
