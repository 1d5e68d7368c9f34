using System.Net;
using System.Net.Http.Headers;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>How a request is repeated, with a made-up server and a clock that skips pauses.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RequestSenderTests
{
    private static readonly OutgoingRequest Ask = new("2,*,17,*,*"u8.ToArray());

    [Test]
    public async Task A_lost_request_is_repeated_at_once_and_then_after_pauses_that_double()
    {
        var (outcome, clock, handler) = await AskAsync(Ask, n => n < 9 ? throw Refused() : StubHandler.Reply("0/2/*"));
        Assert.That((outcome.Fault, outcome.Reply.Code), Is.EqualTo(((TurnFault?)null, ReplyCode.Pairing)));
        double[] longest = [50, 100, 200, 400, 800, 1600, 2000, 2000];
        Assert.That(clock.Pauses, Has.Count.EqualTo(longest.Length), "none before the first repetition");
        for (var i = 0; i < longest.Length; i++)
            Assert.That(clock.Pauses[i].TotalMilliseconds, Is.InRange(longest[i] / 2, longest[i]), $"pause {i}");
        Assert.That(handler.Bodies, Has.Count.EqualTo(10).And.All.EqualTo(Ask.Body.ToArray()));
    }

    [Test]
    public async Task Pauses_are_spread()
    {
        var pauses = new HashSet<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var (_, clock, _) = await AskAsync(Ask, n => n < 2 ? throw Refused() : StubHandler.Reply("0/2/*"));
            pauses.Add(clock.Pauses[0]);
        }

        Assert.That(pauses, Has.Count.GreaterThan(1));
    }

    [Test]
    public async Task Who_is_never_answered_gives_up_within_its_patience()
    {
        var (outcome, clock, _) = await AskAsync(Ask, _ => throw Refused());
        Assert.That(outcome.Fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(outcome.Fault.Meaning, Is.EqualTo("the server cannot be reached: nobody there"));
        var total = clock.Pauses.Aggregate((a, b) => a + b).TotalSeconds;
        Assert.That(total, Is.InRange(27.9, 30), "patience less the longest pause, to patience");
    }

    [Test]
    public async Task A_held_request_that_is_lost_is_repeated_however_long_it_was_held()
    {
        var held = Ask with { Wait = TimeSpan.FromSeconds(3600) };
        SkippingClock? turned = null;
        var (outcome, _, handler) = await AskAsync(held, n =>
        {
            if (n > 0)
                return StubHandler.Reply("0/2/*");
            turned!.Advance(TimeSpan.FromSeconds(3599));
            throw Refused();
        }, clock => turned = clock);
        Assert.That((outcome.Fault, handler.Bodies.Count), Is.EqualTo(((TurnFault?)null, 2)));
    }

    [Test]
    public void A_request_that_never_arrives_does_not_outlast_the_servers_timeouts()
    {
        var options = new TurnClientOptions();
        var rules = new TurnServer.Rules.RulesOptions();
        Assert.That(options.Wait + options.ReplyTimeout,
            Is.LessThan(rules.PairingTimeout).And.LessThan(rules.GameTimeout));
    }

    [TestCase(HttpStatusCode.BadGateway)]
    [TestCase(HttpStatusCode.ServiceUnavailable)]
    [TestCase(HttpStatusCode.GatewayTimeout)]
    [TestCase(HttpStatusCode.TooManyRequests)]
    [TestCase(HttpStatusCode.RequestTimeout)]
    public async Task A_proxys_own_refusal_is_waited_out(HttpStatusCode status)
    {
        var (outcome, _, handler) = await AskAsync(Ask,
            n => StubHandler.Reply(n < 3 ? "<html>busy</html>" : "0/2/*", n < 3 ? status : HttpStatusCode.OK));
        Assert.That((outcome.Fault, handler.Bodies.Count), Is.EqualTo(((TurnFault?)null, 4)));
        (outcome, _, _) = await AskAsync(Ask, _ => StubHandler.Reply("<html>busy</html>", status));
        Assert.That(outcome.Fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(outcome.Fault.Meaning, Does.Contain($"{(int)status}"));
    }

    [TestCase(1, 1)]
    [TestCase(3600, 5)]
    public async Task A_busy_server_is_asked_again_when_it_said(int retryAfterSeconds, int pauseSeconds)
    {
        var (outcome, clock, _) = await AskAsync(Ask, n => n < 2 ? Busy("22/*/*") : StubHandler.Reply("0/2/*"));
        Assert.That(outcome.Fault, Is.Null);
        Assert.That(clock.Pauses[0].TotalSeconds, Is.EqualTo(pauseSeconds));
        Assert.That(clock.Pauses[1].TotalSeconds, Is.InRange(pauseSeconds + 0.025, pauseSeconds + 0.05));

        HttpResponseMessage Busy(string body)
        {
            var reply = StubHandler.Reply(body, HttpStatusCode.TooManyRequests);
            reply.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(retryAfterSeconds));
            return reply;
        }
    }

    [TestCase("22/*/*", ErrorCode.RateLimited)]
    [TestCase("23/*/*", ErrorCode.ServerBusy)]
    public async Task A_server_that_stays_busy_is_given_up(string body, ErrorCode error)
    {
        var (outcome, _, handler) = await AskAsync(Ask, _ => StubHandler.Reply(body));
        Assert.That((outcome.Fault!.Kind, outcome.Fault.Error), Is.EqualTo((TurnFaultKind.ServerBusy, error)));
        Assert.That(handler.Bodies, Has.Count.GreaterThan(10));
    }

    [Test]
    public async Task The_observer_is_told_of_each_attempt()
    {
        var log = new AttemptLog();
        var clock = new SkippingClock(TimeSpan.FromSeconds(10));
        using var http = new HttpMessageInvoker(new StubHandler(
            n => n == 0 ? throw Refused() : StubHandler.Reply("5/*/*", HttpStatusCode.BadRequest)));
        var options = new TurnClientOptions
        {
            Time = clock,
            Observer = log.Note,
            ReplyTimeout = TimeSpan.FromMinutes(1),
        };
        await new RequestSender(http, new Uri("http://x/"), options).SendAsync(Ask, default);
        Assert.That(log.Attempts.Select(attempt => (attempt.Symbol, attempt.Reply?.Error, attempt.Loss)), Is.EqualTo(
            new[] { (Symbol.RequestPair, (ErrorCode?)null, (string?)"nobody there"),
                (Symbol.RequestPair, ErrorCode.NotRegistered, null) }));
    }

    private static HttpRequestException Refused() =>
        new(HttpRequestError.ConnectionError, "outer", new IOException("nobody there"));

    private static async Task<(RequestOutcome Outcome, SkippingClock Clock, StubHandler Handler)> AskAsync(
        OutgoingRequest ask, Func<int, HttpResponseMessage> answer, Action<SkippingClock>? started = null)
    {
        var clock = new SkippingClock(TimeSpan.FromSeconds(10));
        started?.Invoke(clock);
        var handler = new StubHandler(answer);
        using var http = new HttpMessageInvoker(handler);
        // Longer than the clock skips.
        var options = new TurnClientOptions { Time = clock, ReplyTimeout = TimeSpan.FromMinutes(1) };
        var sender = new RequestSender(http, new Uri("http://x/"), options);
        return (await sender.SendAsync(ask, default).WaitAsync(TestWait.Timeout), clock, handler);
    }
}
