using TurnServer.Client;

namespace TurnServer.Tests.Client;

internal sealed class ServerUrlTests
{
    private const string Secret = "s3cret";

    [TestCase("http://localhost:8080/")]
    [TestCase("http://localhost:8080")]
    [TestCase("HTTPS://turn.example/path?query")]
    [TestCase("http://[::1]:8080/")]
    [TestCase("http://turn.example/@home")]
    [TestCase("ws://turn.example:8080/")]
    [TestCase("WSS://turn.example/path")]
    public void Read_OfAServersUrl_ReturnsIt(string text)
    {
        Assert.That(ServerUrl.Read(text, out var whatIsWrong), Is.EqualTo(new Uri(text)));
        Assert.That(whatIsWrong, Is.Null);
    }

    [TestCase("http://ann:" + Secret + "@localhost:8080/")]
    [TestCase("http://" + Secret + "@localhost:8080/")]
    [TestCase("http://ann:" + Secret + "/x@localhost:8080/")]
    [TestCase("http://ann:" + Secret + " x@localhost:8080/")]
    [TestCase("ann:" + Secret + "@localhost:8080")]
    [TestCase("ftp://ann:" + Secret + "@localhost/")]
    public void Read_OfAUrlWithUserInfo_RefusesAndHidesIt(string text)
    {
        Assert.That(ServerUrl.Read(text, out var whatIsWrong), Is.Null);
        Assert.That(whatIsWrong, Does.Contain("user name or a password").And.Not.Contain(Secret));
    }

    [TestCase("http://turn.example/x?y", "ws://turn.example/x?y", "http://turn.example/x?y")]
    [TestCase("https://turn.example/", "wss://turn.example/", "https://turn.example/")]
    [TestCase("ws://[::1]:8080/", "ws://[::1]:8080/", "http://[::1]:8080/")]
    [TestCase("wss://turn.example/", "wss://turn.example/", "https://turn.example/")]
    public void ToWebSocketAndToHttp_OfAnyUrl_ChangeTheScheme(string text, string webSocket, string http)
    {
        var url = new Uri(text);
        Assert.That((ServerUrl.ToWebSocket(url), ServerUrl.ToHttp(url)),
            Is.EqualTo((new Uri(webSocket), new Uri(http))));
    }

    [TestCase(null, "is missing")]
    [TestCase(" ", "is missing")]
    [TestCase("localhost:8080", "such as http://localhost:8080/")]
    [TestCase("turn.example", "such as http://turn.example/")]
    [TestCase("ftp://turn.example", "http://, https://, ws:// or wss://")]
    [TestCase("http://", "http://, https://, ws:// or wss://")]
    [TestCase("/etc/passwd", "http://, https://, ws:// or wss://")]
    public void Read_OfAnythingElse_ReportsWhatIsExpected(string? text, string expected)
    {
        Assert.That(ServerUrl.Read(text, out var whatIsWrong), Is.Null);
        Assert.That(whatIsWrong, Does.Contain(expected));
    }

    [TestCase("Unrecognized argument 'http://ann:" + Secret + "@host/'.", "Unrecognized argument 'http://***@host/'.")]
    [TestCase("--x http://ann:a=" + Secret + "@host: give", "--x http://***@host: give")]
    [TestCase("--x http://ann:a " + Secret + "@host: give", "--x http://***@host: give")]
    [TestCase("--x http://ann:a'" + Secret + "\"@" + Secret + "@host: give", "--x http://***@host: give")]
    [TestCase("'ann:" + Secret + "@host'", "'***@host'")]
    [TestCase("--cors-origin=http://" + Secret + "@host: give", "--cors-origin=http://***@host: give")]
    [TestCase("no secret in here", "no secret in here")]
    public void HideUserInfo_OfAMessage_HidesWhatPrecedesTheAt(string message, string expected) =>
        Assert.That(ServerUrl.HideUserInfo(message), Is.EqualTo(expected));

    [Test]
    public void TurnClient_WithUserInfoInItsUrl_Throws()
    {
        using var http = TurnClient.CreateHttp();
        Assert.That(() => new TurnClient(http, new Uri($"http://ann:{Secret}@localhost/")),
            Throws.ArgumentException.With.Message.Not.Contains(Secret));
    }
}
