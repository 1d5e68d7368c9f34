using System.Net;
using System.Net.Http.Headers;
using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>How a request is repeated, with a stub server and a clock that skips pauses.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RequestSenderTests
{
    private static readonly OutgoingRequest Request = new("2,*,17,*,*"u8.ToArray());

    [Test]
    public async Task A_lost_request_is_repeated_at_once_and_then_with_exponential_backoff()
    {
        var (outcome, clock, handler) =
            await SendAsync(Request, n => n < 9 ? throw Refused() : StubHandler.Reply("0/2/*"));
        Assert.That((outcome.Fault, outcome.Reply.Code), Is.EqualTo(((TurnFault?)null, ReplyCode.Pairing)));
        double[] longest = [50, 100, 200, 400, 800, 1600, 2000, 2000];
        Assert.That(clock.Pauses, Has.Count.EqualTo(longest.Length), "none before the first repetition");
        for (var i = 0; i < longest.Length; i++)
            Assert.That(clock.Pauses[i].TotalMilliseconds, Is.InRange(longest[i] / 2, longest[i]), $"pause {i}");
        Assert.That(handler.Bodies, Has.Count.EqualTo(10).And.All.EqualTo(Request.Body.ToArray()));
    }

    [Test]
    public async Task Pauses_have_jitter()
    {
        var pauses = new HashSet<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            var (_, clock, _) = await SendAsync(Request, n => n < 2 ? throw Refused() : StubHandler.Reply("0/2/*"));
            pauses.Add(clock.Pauses[0]);
        }

        Assert.That(pauses, Has.Count.GreaterThan(1));
    }

    [Test]
    public async Task A_request_without_an_answer_is_given_up_within_the_patience()
    {
        var (outcome, clock, _) = await SendAsync(Request, _ => throw Refused());
        Assert.That(outcome.Fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(outcome.Fault.Meaning, Is.EqualTo("the server cannot be reached: connection refused"));
        var total = clock.Pauses.Aggregate((a, b) => a + b).TotalSeconds;
        Assert.That(total, Is.InRange(27.9, 30), "from the patience minus the longest pause to the patience");
    }

    [Test]
    public async Task A_lost_held_request_is_repeated_however_long_it_was_held()
    {
        var held = Request with { Wait = TimeSpan.FromSeconds(3600) };
        SkippingClock? turned = null;
        var (outcome, _, handler) = await SendAsync(held, n =>
        {
            if (n > 0)
                return StubHandler.Reply("0/2/*");
            turned!.Advance(TimeSpan.FromSeconds(3599));
            throw Refused();
        }, clock => turned = clock);
        Assert.That((outcome.Fault, handler.Bodies.Count), Is.EqualTo(((TurnFault?)null, 2)));
    }

    [Test]
    public void A_single_lost_request_stays_below_the_timeouts_of_the_server()
    {
        var options = new TurnClientOptions();
        var rules = new TurnServer.Rules.RulesOptions();
        Assert.That(options.Wait + options.ReplyTimeout,
            Is.LessThan(rules.PairingTimeout).And.LessThan(rules.GameTimeout));
    }

    [TestCase("0/10/*", null, "7", null, 7)]
    [TestCase("15/*/*", null, "3600", null, 3600)]
    [TestCase("18/*/*", "-1", null, -1L, null)]
    [TestCase("19/*/*", "41", null, 41L, null)]
    [TestCase("0/10/*", "", "soon", null, null)]
    [TestCase("0/10/*", "99999999999999999999", "-99999999999", null, null)]
    public async Task Headers_are_part_of_the_reply(string body, string? counter, string? silent, long? turnCounter,
        int? partnerSilentSeconds)
    {
        var update = new OutgoingRequest("6,,17,0,0"u8.ToArray());
        var (outcome, _, _) = await SendAsync(update, _ =>
        {
            var reply = StubHandler.Reply(body);
            if (counter is not null)
                reply.Headers.TryAddWithoutValidation(ReplyHeaders.TurnCounter, counter);
            if (silent is not null)
                reply.Headers.TryAddWithoutValidation(ReplyHeaders.PartnerSilent, silent);
            return reply;
        });
        Assert.That((outcome.Reply.TurnCounter, outcome.Reply.PartnerSilentSeconds),
            Is.EqualTo((turnCounter, partnerSilentSeconds)));
    }

    [TestCase(HttpStatusCode.BadGateway)]
    [TestCase(HttpStatusCode.ServiceUnavailable)]
    [TestCase(HttpStatusCode.GatewayTimeout)]
    [TestCase(HttpStatusCode.TooManyRequests)]
    [TestCase(HttpStatusCode.RequestTimeout)]
    public async Task An_error_page_of_a_proxy_is_retried(HttpStatusCode status)
    {
        var (outcome, _, handler) = await SendAsync(Request,
            n => StubHandler.Reply(n < 3 ? "<html>busy</html>" : "0/2/*", n < 3 ? status : HttpStatusCode.OK));
        Assert.That((outcome.Fault, handler.Bodies.Count), Is.EqualTo(((TurnFault?)null, 4)));
        (outcome, _, _) = await SendAsync(Request, _ => StubHandler.Reply("<html>busy</html>", status));
        Assert.That(outcome.Fault!.Kind, Is.EqualTo(TurnFaultKind.Unreachable));
        Assert.That(outcome.Fault.Meaning, Does.Contain($"{(int)status}"));
    }

    [TestCase(1, 1)]
    [TestCase(3600, 5)]
    public async Task Retry_After_of_a_busy_server_is_respected_up_to_five_seconds(int retryAfterSeconds,
        int pauseSeconds)
    {
        var (outcome, clock, _) = await SendAsync(Request, n => n < 2 ? Busy("22/*/*") : StubHandler.Reply("0/2/*"));
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
    public async Task A_server_that_stays_busy_is_a_fault(string body, ErrorCode error)
    {
        var (outcome, _, handler) = await SendAsync(Request, _ => StubHandler.Reply(body));
        Assert.That((outcome.Fault!.Kind, outcome.Fault.Error), Is.EqualTo((TurnFaultKind.ServerBusy, error)));
        Assert.That(handler.Bodies, Has.Count.GreaterThan(10));
    }

    [Test]
    public async Task The_observer_gets_each_attempt()
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
        await new RequestSender(new HttpTransport(http, new Uri("http://x/")), options).SendAsync(Request, default);
        Assert.That(log.Attempts.Select(attempt => (attempt.Symbol, attempt.Reply?.Error, attempt.Loss)), Is.EqualTo(
            new[] { (Symbol.RequestPair, (ErrorCode?)null, (string?)"connection refused"),
                (Symbol.RequestPair, ErrorCode.NotRegistered, null) }));
    }

    private static HttpRequestException Refused() =>
        new(HttpRequestError.ConnectionError, "outer", new IOException("connection refused"));

    private static async Task<(RequestOutcome Outcome, SkippingClock Clock, StubHandler Handler)> SendAsync(
        OutgoingRequest request, Func<int, HttpResponseMessage> answer, Action<SkippingClock>? started = null)
    {
        var clock = new SkippingClock(TimeSpan.FromSeconds(10));
        started?.Invoke(clock);
        var handler = new StubHandler(answer);
        using var http = new HttpMessageInvoker(handler);
        // The clock does not skip timers of this length.
        var options = new TurnClientOptions { Time = clock, ReplyTimeout = TimeSpan.FromMinutes(1) };
        var sender = new RequestSender(new HttpTransport(http, new Uri("http://x/")), options);
        return (await sender.SendAsync(request, default).WaitAsync(TestWait.Timeout), clock, handler);
    }
}
