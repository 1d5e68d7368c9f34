using System.Net;
using System.Text;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>Leaving while it is unknown whether the server has the registration.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MatchmakerTests
{
    [Test]
    public async Task LeaveAsync_AfterACancelledRegistration_Unregisters()
    {
        using var server = new SlowServer();
        var matchmaker = MatchmakerAt(server);
        using var stop = new CancellationTokenSource();
        var finding = matchmaker.FindPartnerAsync(stop.Token);
        await stop.CancelAsync();
        Assert.That(async () => await finding, Throws.InstanceOf<OperationCanceledException>());
        server.Answers = true;
        await matchmaker.LeaveAsync(default);
        Assert.That(server.Requests, Has.Count.EqualTo(3));
        Assert.That(server.Requests[0], Does.StartWith("0,Ann,*#p,*,"));
        Assert.That(server.Requests[1], Is.EqualTo(server.Requests[0]), "the same token returns the same registration");
        Assert.That(server.Requests[2], Is.EqualTo("1,*,17,*,*"));
    }

    [Test]
    public async Task LeaveAsync_BeforeARegistration_SendsNothing()
    {
        using var server = new SlowServer { Answers = true };
        var matchmaker = MatchmakerAt(server);
        await matchmaker.LeaveAsync(default);
        Assert.That(server.Requests, Is.Empty);
    }

    private static Matchmaker MatchmakerAt(SlowServer server) =>
        new(new TurnClient(new HttpMessageInvoker(server), new Uri("http://server/")), "Ann", partner: null,
            "p", TurnClient.CreateToken(), "http://server/", TimeProvider.System, _ => { });

    // Takes requests, and answers only once it is told to.
    private sealed class SlowServer : HttpMessageHandler
    {
        public bool Answers { get; set; }

        public List<string> Requests { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            var body = await request.Content!.ReadAsStringAsync(CancellationToken.None);
            Requests.Add(body);
            if (!Answers)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(body[0] == '0' ? "0/0/17" : "0/1/*", Encoding.UTF8),
            };
        }
    }
}
