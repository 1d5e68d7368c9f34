using System.Diagnostics;
using System.Net.Http.Headers;

namespace TurnServer.Tests.Support;

/// <summary>Scenarios against a whole server over HTTP: sleeping sleeps.</summary>
/// <param name="client">Leads to the server; goes with this.</param>
internal sealed class HttpScenarioServer(HttpClient client) : IScenarioServer, IDisposable
{
    // As the older player of these scenarios has it: a started request is given this long to reach the server.
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(150);

    private readonly Dictionary<string, Task<ScenarioReply>> _started = [];

    /// <summary>Scenarios against the server at this address.</summary>
    public HttpScenarioServer(Uri url)
        : this(new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(60),
        })
    {
    }

    /// <summary>
    /// The longest that a step took over the time it should have: with timeouts of one second, a scenario proves
    /// nothing about a server on a machine that stood still for a good part of that.
    /// </summary>
    public TimeSpan LongestDelay { get; private set; }

    public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds)
    {
        var watch = Stopwatch.StartNew();
        var reply = await PostAsync(body, waitSeconds);
        NoteDelay(watch.Elapsed - TimeSpan.FromSeconds(waitSeconds));
        return reply;
    }

    public async Task StartAsync(string id, byte[] body, int waitSeconds)
    {
        _started[id] = PostAsync(body, waitSeconds);
        await SleepAsync(StartPause);
    }

    public bool IsPending(string id) => !_started[id].IsCompleted;

    public async Task<ScenarioReply?> JoinAsync(string id, TimeSpan within)
    {
        var reply = _started[id];
        return await Task.WhenAny(reply, Task.Delay(within)) == reply ? await reply : null;
    }

    public async Task SleepAsync(TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        await Task.Delay(time);
        NoteDelay(watch.Elapsed - time);
    }

    public void Dispose() => client.Dispose();

    private async Task<ScenarioReply> PostAsync(byte[] body, int waitSeconds)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        if (waitSeconds > 0)
            request.Headers.Add("Prefer", $"wait={waitSeconds}");
        try
        {
            using var response = await client.SendAsync(request);
            return new ScenarioReply((int)response.StatusCode,
                WireText.Of(await response.Content.ReadAsByteArrayAsync()));
        }
        catch (HttpRequestException e)
        {
            return new ScenarioReply(0, $"<{e.Message}>");
        }
    }

    private void NoteDelay(TimeSpan delay) => LongestDelay = delay > LongestDelay ? delay : LongestDelay;
}
