using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Actor;
using TurnServer.Cluster;
using TurnServer.Cluster.Link;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>A server on loopback whose requests wait until the test answers them, and clients of it.</summary>
internal sealed class LinkFixture : IAsyncDisposable
{
    public const string Token = "a secret";

    private readonly List<HeldRequest> _held = [];
    private readonly List<LinkClient> _clients = [];
    private readonly TimeProvider _clock;

    public LinkFixture(TimeProvider? clock = null, int requestsInFlightMax = LinkLimits.RequestsInFlightMax)
    {
        // Time stands still unless the test turns it: no timeout can pass on a busy machine.
        _clock = clock ?? new FakeTimeProvider();
        Answer = request =>
        {
            var held = new HeldRequest(request);
            lock (_held)
                _held.Add(held);
            return new ValueTask<ForwardAnswer>(held.Source.Task);
        };
        Server = LinkServer.Start(new IPEndPoint(IPAddress.Loopback, 0), Token, request => Answer(request), _clock,
            Log, requestsInFlightMax);
    }

    public LinkServer Server { get; }

    public RecordingLog Log { get; } = new();

    public string Address => $"127.0.0.1:{Server.Port}";

    public Func<ForwardedRequest, ValueTask<ForwardAnswer>> Answer { get; set; }

    /// <summary>The requests that have arrived, in order.</summary>
    public IReadOnlyList<HeldRequest> Held
    {
        get
        {
            lock (_held)
                return [.. _held];
        }
    }

    public static ForwardedRequest Request(string body) => new(Encoding.UTF8.GetBytes(body), null, 0,
        ClientAddress.Of(IPAddress.Loopback));

    public static ForwardAnswer Reply(string body) =>
        ForwardAnswer.Of(new WireReply(Encoding.UTF8.GetBytes(body), ErrorCode.None));

    public static string TextOf(in ForwardAnswer answer) => answer.Outcome == ForwardOutcome.Replied
        ? Encoding.UTF8.GetString(answer.Reply.Body)
        : $"{answer.Outcome}";

    public async Task<LinkClient> ConnectAsync(string token = Token)
    {
        var client = await TestWait.ForAsync(LinkClient.ConnectAsync(Address, token, "standby", _clock, Log,
            CancellationToken.None));
        _clients.Add(client);
        return client;
    }

    public Task UntilHeldAsync(int count) =>
        TestWait.UntilAsync(() => Held.Count >= count, $"{count} requests have arrived");

    public Task UntilLoggedAsync(int id, string text) => TestWait.UntilAsync(
        () => Log.Entries.Any(entry => entry.Id == id && entry.Text.Contains(text)), $"{id} is logged with {text}");

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
            await TestWait.ForAsync(client.Closed);
        }

        await TestWait.ForAsync(Server.DisposeAsync().AsTask());
    }
}

/// <summary>A request that has arrived at a server. Completing it runs the server's continuation at once.</summary>
internal sealed record HeldRequest(ForwardedRequest Request)
{
    public TaskCompletionSource<ForwardAnswer> Source { get; } = new();

    public string Body => Encoding.UTF8.GetString(Request.Body.Span);
}
