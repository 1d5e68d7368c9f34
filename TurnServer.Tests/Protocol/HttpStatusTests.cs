using TurnServer.Protocol;

namespace TurnServer.Tests.Protocol;

/// <summary>The HTTP status of each reply (PROTOCOL.md, "Reply").</summary>
public sealed class HttpStatusTests
{
    [Test]
    public void Of_EveryError_Is400Except429For22And503For23()
    {
        var others = Enum.GetValues<ErrorCode>()
            .Where(error => error is not (ErrorCode.None or ErrorCode.RateLimited or ErrorCode.ServerBusy));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(HttpStatus.Of(ErrorCode.None), Is.EqualTo(200));
            Assert.That(HttpStatus.Of(ErrorCode.RateLimited), Is.EqualTo(429));
            Assert.That(HttpStatus.Of(ErrorCode.ServerBusy), Is.EqualTo(503));
            Assert.That(others.Select(HttpStatus.Of), Is.All.EqualTo(400));
        }
    }
}
