using System.Net;
using System.Text;
using TurnServer.Client;
using TurnServer.Connect;

namespace TurnServer.Tests.Connect;

/// <summary>Leaving while it is not known whether the server has made a registration.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MatchmakerTests
{
    [Test]
    public async Task A_registration_whose_answer_was_not_waited_for_is_taken_back()
    {
        using var server = new SlowServer();
        var meeting = MatchmakerAt(server);
        using var stop = new CancellationTokenSource();
        var meet = meeting.FindPartnerAsync(stop.Token);
        await stop.CancelAsync();
        Assert.That(async () => await meet, Throws.InstanceOf<OperationCanceledException>());
        server.Answers = true;
        await meeting.LeaveAsync(default);
        Assert.That(server.Asked, Has.Count.EqualTo(3));
        Assert.That(server.Asked[1], Is.EqualTo(server.Asked[0]), "the same token asks for the same registration");
        Assert.That(server.Asked[2], Is.EqualTo("1,*,17,*,*"));
    }

    [Test]
    public async Task Who_never_asked_has_nothing_to_take_back()
    {
        using var server = new SlowServer { Answers = true };
        var meeting = MatchmakerAt(server);
        await meeting.LeaveAsync(default);
        Assert.That(server.Asked, Is.Empty);
    }

    private static Matchmaker MatchmakerAt(SlowServer server) =>
        new(new TurnClient(new HttpMessageInvoker(server), new Uri("http://server/")), "Ann", null,
            TurnClient.CreateToken(), "http://server/", TimeProvider.System, _ => { });

    // Takes each request, and keeps its answer to itself until told otherwise.
    private sealed class SlowServer : HttpMessageHandler
    {
        public bool Answers { get; set; }

        public List<string> Asked { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            var body = await request.Content!.ReadAsStringAsync(CancellationToken.None);
            Asked.Add(body);
            if (!Answers)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(body[0] == '0' ? "0/0/17" : "0/1/*", Encoding.UTF8),
            };
        }
    }
}
